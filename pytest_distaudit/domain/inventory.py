"""The services of a tree, all layers of each together, and which of them a name may mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pytest_distaudit.domain.facts import Component, Facts, Origin, Port
from pytest_distaudit.domain.finding import Spot
from pytest_distaudit.domain.names import ROLE_WORDS, core_words, fold
from pytest_distaudit.domain.products import product_named

#: Images that hold several products.
BUNDLES = {
    "elk": ("elasticsearch", "logstash", "kibana"),
    "otel-lgtm": ("loki", "grafana", "tempo", "prometheus", "otel-collector"),
    "lgtm": ("loki", "grafana", "tempo", "mimir"),
    "tick": ("influxdb",),
}
#: What the end of a name written as one word may say about its role.
_ROLE_ENDINGS = sorted(ROLE_WORDS | {"app", "api", "gateway", "apigateway", "apigw", "gw"}, key=len, reverse=True)


@dataclass(frozen=True)
class Service:
    """One service of one system: the component that declares it first, then its other layers."""

    layers: tuple[Component, ...]

    @property
    def head(self) -> Component:
        """The layer that declares it."""
        return self.layers[0]

    @property
    def name(self) -> str:
        """Its name as declared."""
        return self.head.name

    @property
    def spot(self) -> Spot:
        """Where it is declared."""
        return self.head.spot

    @property
    def product(self) -> str:
        """The product inside, "" if none is known."""
        return next((layer.product for layer in self.layers if layer.product), "")

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports of all layers."""
        return tuple(port for layer in self.layers for port in layer.ports)

    @property
    def built(self) -> bool:
        """Whether the tree builds it."""
        return any(layer.build for layer in self.layers)

    @property
    def names(self) -> frozenset[str]:
        """Every name by which others reach it."""
        return frozenset(
            {layer.name for layer in self.layers} | {alias for layer in self.layers for alias in layer.aliases}
        )

    @property
    def instances(self) -> int:
        """How many containers of it run."""
        return max((layer.replicas for layer in self.layers if layer.replicas is not None), default=1)


class Inventory:
    """The live services of a tree."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.services: tuple[Service, ...] = tuple(_services(facts))
        self._by_key: dict[str, list[Service]] = defaultdict(list)
        self._by_name: dict[str, list[Service]] = defaultdict(list)
        images = Counter(image for service in self.services for image in _images(service))
        for service in self.services:
            for name in service.names:
                self._by_name[name].append(service)
            for key in _keys(service, images):
                self._by_key[key].append(service)

    def reached(self, host: str) -> tuple[Service, ...]:
        """The services that answer to exactly this name inside their network."""
        return tuple(self._by_name.get(host, ()))

    def named(self, name: str) -> tuple[Service, ...]:
        """The services that a name means: by their own name, an alias, or the product inside."""
        product = product_named(name)
        found = self._by_key.get(fold(name)) or self._by_key.get(product.name if product else "")
        return tuple(found or ())

    def meant(self, name: str) -> tuple[Service, ...]:
        """As :meth:`named`; failing that, the services whose name holds all words of this one."""
        exact = self.named(name)
        parts = set(core_words(name))
        if exact or not parts:
            return exact
        return tuple(service for held, service in self._words if parts <= held)

    @cached_property
    def _words(self) -> Sequence[tuple[frozenset[str], Service]]:
        return [(frozenset(core_words(service.name)), service) for service in self.services]

    def relatives(self, service: Service) -> tuple[Service, ...]:
        """Other services of the same product, or whose name starts with this one's: ``db`` and ``db-replica``."""
        stem = service.head.key.rstrip("0123456789")
        return tuple(
            other
            for other in self.services
            if other is not service and (other.product == service.product != "" or other.head.key.startswith(stem))
        )

    def holds(self, product: str) -> bool:
        """Whether anything of the tree declares a product: a service, a chart, a resource, another kind of file."""
        if product in self.facts.elsewhere or product in self._declared:
            return True
        return any(product in variable for variable in self._reaching)

    @cached_property
    def _declared(self) -> frozenset[str]:
        """The products that live components stand for."""
        return frozenset(name for item in self.facts.live() for name in products_of(item))

    @cached_property
    def _reaching(self) -> frozenset[str]:
        """Variables, folded, that name no missing host: what they speak of may lie outside."""
        return frozenset(fold(name) for item in self.facts.live() for name in {*item.environment} - self._astray(item))

    def _astray(self, component: Component) -> set[str]:
        """The variables whose host is missing."""
        return {ref.name for ref in component.references if "." not in ref.host and not self.reached(ref.host)}


def _keys(service: Service, images: Counter[str]) -> set[str]:
    """What a document may call a service: its names, the product inside, the image made for it alone."""
    keys = {fold(name) for name in service.names} | {service.product}
    if not service.product:
        keys |= {image for image in _images(service) if images[image] == 1}
    return keys - {""}


def _images(service: Service) -> set[str]:
    return {fold(layer.image.rsplit("/", 1)[-1]) for layer in service.layers if layer.image}


@lru_cache(maxsize=4)
def inventory_of(facts: Facts) -> Inventory:
    """The services of a tree; made once for the same facts."""
    return Inventory(facts)


def products_of(component: Component) -> tuple[str, ...]:
    """The products that a component stands for, by its image or else its own name."""
    bundle = BUNDLES.get(component.image.rsplit("/", 1)[-1])
    if bundle:
        return bundle
    if component.product:
        return (component.product,)
    if not component.image:
        found = product_named("-".join(core_words(component.name)))
        parts = [product_named(word) for word in core_words(component.name)]
        return tuple(item.name for item in (found, *parts) if item)
    return ()


def role_free(name: str) -> str:
    """``webapp`` without ``app``: what is left of a name written as one word."""
    for role in _ROLE_ENDINGS:
        if name.endswith(role) and len(name) - len(role) >= 3:
            return name[: -len(role)]
    return name


def _services(facts: Facts) -> Iterator[Service]:
    layers: dict[tuple[Origin, str, str], list[Component]] = {}
    for component in facts.live():
        if component.origin is not Origin.HELM:
            layers.setdefault((component.origin, component.system, component.key), []).append(component)
    for group in layers.values():
        ordered = sorted(group, key=lambda item: (item.partial, not item.image, item.spot))
        if not ordered[0].partial:
            yield Service(tuple(ordered))
