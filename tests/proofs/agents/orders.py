"""gRPC servers, genuine and not: `orders.py WAY PORT`."""

from __future__ import annotations

import sys
from concurrent import futures
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

NAME = "shop.v1.Orders"
REFLECTED = (NAME, health.SERVICE_NAME)


def describe() -> Any:
    """The file that protoc would have made: Orders with Place and a stream Follow."""
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop.v1", syntax="proto3")
    message = file.message_type.add(name="Order")
    message.field.add(name="item", number=1, type=9, label=1)
    service = file.service.add(name="Orders")
    service.method.add(name="Place", input_type=".shop.v1.Order", output_type=".shop.v1.Order")
    service.method.add(name="Follow", input_type=".shop.v1.Order", output_type=".shop.v1.Order", server_streaming=True)
    pool = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.v1.Order"))


def not_yet(order: Any, context: grpc.ServicerContext) -> Any:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")


def turned_away(order: Any, context: grpc.ServicerContext) -> Any:
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you")


class Guard(grpc.ServerInterceptor):
    """Lets nobody but health and reflection through."""

    def intercept_service(self, go_on: Any, details: Any) -> Any:
        if details.method.startswith("/grpc."):
            return go_on(details)
        return grpc.unary_unary_rpc_method_handler(turned_away)


class AllWell(health_pb2_grpc.HealthServicer):
    """As many tutorials have it: whoever is asked for is fine."""

    def Check(self, request: Any, context: Any) -> Any:
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def orders(server: grpc.Server, *methods: str, place: Any = None) -> None:
    order = describe()
    reading = {"request_deserializer": order.FromString, "response_serializer": order.SerializeToString}
    handlers = {
        "Place": grpc.unary_unary_rpc_method_handler(place or (lambda asked, context: asked), **reading),
        "Follow": grpc.unary_stream_rpc_method_handler(lambda asked, context: iter([asked]), **reading),
    }
    kept = {name: handlers[name] for name in methods}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, kept),))


def reflect(server: grpc.Server, version: str = "v1alpha") -> None:
    if version == "v1alpha":
        reflection.enable_server_reflection((*REFLECTED, reflection.SERVICE_NAME), server)
        return
    servicer = reflection.ReflectionServicer(REFLECTED)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    name = f"grpc.reflection.{version}.ServerReflection"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}),))


def build(way: str, server: grpc.Server) -> None:
    well = AllWell() if way.startswith("any-name") else health.HealthServicer()
    if way != "no-health":
        health_pb2_grpc.add_HealthServicer_to_server(well, server)
    if isinstance(well, health.HealthServicer):
        ill = way == "ill"
        well.set("" if way in ("only-itself", "no-service") else NAME, 2 if ill else 1)
        well.set("", 1)
    served = {"no-service": (), "any-name-no-service": (), "listed-only": (), "half": ("Place",)}
    methods = served.get(way, ("Place", "Follow"))
    if methods:
        orders(server, *methods, place=not_yet if way == "not-yet" else None)
    if way in ("no-service", "any-name-no-service"):
        reflection.enable_server_reflection((health.SERVICE_NAME,), server)
    elif way != "no-reflection":
        if not methods:
            describe()
        reflect(server, "v1" if way == "v1" else "v1alpha")


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing."""


def main(way: str, *ports: str) -> None:
    if way == "http":
        HTTPServer(("127.0.0.1", int(ports[0])), Page).serve_forever()
    interceptors = (Guard(),) if way == "guarded" else ()
    server = grpc.server(futures.ThreadPoolExecutor(4), interceptors=interceptors)
    build(way, server)
    server.add_insecure_port(f"127.0.0.1:{ports[0]}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
