#!/bin/sh
# An engine of its own with nineteen containers that are healthy, answer ok to whoever connects, and speak no protocol.
set -eu
"$(command -v entrypoint || command -v dockerd-entrypoint.sh)" > /var/log/engine 2>&1 &
engine=$!
until docker info > /dev/null 2>&1; do
    kill -0 $engine || { tail -n 5 /var/log/engine >&2; exit 1; }
    sleep 0.2
done

tar -C /loop -cf - . | docker import - loop > /dev/null
for name in claude-flow ruv-swarm claude-task-runner files context7 http-fetch ddg sequentialthinking nx-mcp \
    extended-memory shell browser graph git search mail calendar images archive; do
    docker run --detach --name "mcp-$name" --network none --health-cmd true --health-interval 1h \
        loop sh -c 'while echo ok | nc -l -p 11090; do :; done' > /dev/null
done
echo "nineteen MCP servers are up"
wait $engine
