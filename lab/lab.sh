# `./run lab`: a Docker engine of the project's own and the images its tests use, made from Debian packages alone.
# Read by `run`, whose functions it uses. Standard output is for `eval`, the rest is on stderr.
#
# An engine that can be reached already (DOCKER_HOST, or the usual socket) is used as it is. Otherwise one is started
# with everything under one folder: socket, images, containers, pid file, log. Nothing of the machine's is touched but
# a bridge and the engine's own iptables rules, and `./run lab down` takes those away.

lab=${XDG_STATE_HOME:-$HOME/.local/state}/pytest-distaudit/lab
lab_bridge=distaudit0
lab_release=bookworm
lab_images='postgres:15 rabbitmq:3.10 python:3.11 consul:1.8 redis:7.0 nginx:1.22 haproxy:2.6 chromadb:1.5 dind:20.10'

lab_main() {
    case ${1:-up}${2:+ $2} in
    up) lab_locked lab_up ;;
    down) lab_locked lab_down keep ;;
    'down --purge') lab_locked lab_down purge ;;
    status) lab_status ;;
    *) usage ;;
    esac
}

# Two runs must not start, build or end at once.
lab_locked() {
    mkdir -p "$lab"
    if command -v flock > /dev/null; then
        exec 8> "$lab/lock"
        flock 8
    fi
    "$@"
}

lab_socket() { printf 'unix://%s/docker.sock' "$lab"; }

# answers ADDRESS: an engine is there. (A bare command: `timeout` knows no functions.)
answers() { timeout 10 docker --host "$1" version --format '{{.Server.Version}}' 2> /dev/null < /dev/null; }

# Sets $engine and $whose to the engine that can be reached, or fails.
lab_find() {
    command -v docker > /dev/null || return 1
    for each in "${DOCKER_HOST:-}" unix:///var/run/docker.sock "$(lab_socket)"; do
        if [ -n "$each" ] && version=$(answers "$each"); then
            engine=$each whose=other
            if [ "$each" = "$(lab_socket)" ]; then whose=lab; fi
            return 0
        fi
    done
    return 1
}

lab_status() {
    if lab_find; then
        say "Docker engine $version at $engine ($([ $whose = lab ] && echo "the lab's" || echo 'not started by the lab'))"
        docker --host "$engine" images --format '{{.Repository}}:{{.Tag}} {{.Size}}' 'distaudit-lab/*' >&2
        return 0
    fi
    say "no Docker engine: ./run lab up"
    return 1
}

lab_up() {
    began=$(date +%s)
    if lab_find; then
        [ $whose = lab ] && say "the lab's engine runs already" || say "using the Docker engine $version at $engine"
    else
        lab_start
    fi
    DOCKER_HOST=$engine
    export DOCKER_HOST
    lab_compose & compose=$!
    built=0
    lab_build || built=$?
    wait $compose || say "Docker Compose could not be had: its tests are skipped"
    {
        echo "DOCKER_HOST=$engine"
        if [ -x "$lab/cli/cli-plugins/docker-compose" ]; then echo "DOCKER_CONFIG=$lab/cli"; fi
        lab_images_of_the_example
    } > "$lab/env"
    sed 's/^/export /' "$lab/env"
    [ $built = 0 ] || die "not all images could be built (logs in $lab/log): the tests that need them are skipped"
    say "the lab is up ($(($(date +%s) - began)) s); ./run lab down ends it"
}

# The example's compose files take these in place of the official images.
lab_images_of_the_example() {
    for image in postgres:15 rabbitmq:3.10 redis:7.0 consul:1.8 nginx:1.22 haproxy:2.6 chromadb:1.5 \
        busybox:1.35 dind:20.10; do
        name=$(printf '%s' "${image%%:*}" | tr '[:lower:]' '[:upper:]')
        echo "${name}_IMAGE=distaudit-lab/$image"
    done
    echo "SERVICES_IMAGE=distaudit-lab/python:3.11"
}

# --- the engine ---------------------------------------------------------------------------------------------------

lab_start() {
    [ "$(id -u)" = 0 ] || die "no Docker engine answers, and only root can start one"
    [ ${#lab} -lt 80 ] || die "$lab is too long a path for a socket; set XDG_STATE_HOME"
    wanted=
    command -v dockerd > /dev/null || wanted="docker.io"
    command -v docker > /dev/null || wanted="docker.io $(apt-cache show docker-cli > /dev/null 2>&1 && echo docker-cli)"
    command -v iptables > /dev/null || wanted="$wanted iptables"
    command -v ip > /dev/null || wanted="$wanted iproute2"
    if [ -n "$wanted" ]; then
        apt_usable || die "not installed, and apt may not be used here: $wanted"
        # shellcheck disable=SC2086
        install "the lab's Docker engine" $wanted || die "the engine could not be installed"
    fi
    say "starting a Docker engine under $lab"
    mkdir -p "$lab/log"
    lab_bridge_up
    # It must hold nothing of ours: no lock, no pipe, no mark of a test run.
    env -u DISTAUDIT_STARTED_BY -u DOCKER_HOST setsid dockerd \
        --host "$(lab_socket)" --data-root "$lab/data" --exec-root "$lab/exec" --pidfile "$lab/docker.pid" \
        --bridge "$lab_bridge" --default-address-pool base=172.30.128.0/17,size=24 --shutdown-timeout 3 \
        --log-level warn > "$lab/log/dockerd" 2>&1 < /dev/null 8>&- &
    starting=$!
    for _ in $(seq 150); do
        kill -0 $starting 2> /dev/null || break
        if version=$(answers "$(lab_socket)"); then
            engine=$(lab_socket) whose=lab
            return 0
        fi
        sleep 0.2
    done
    tail -n 5 "$lab/log/dockerd" >&2
    kill $starting 2> /dev/null || :
    die "the Docker engine did not start"
}

lab_bridge_up() {
    ip link show "$lab_bridge" > /dev/null 2>&1 && return
    ip link add name "$lab_bridge" type bridge
    ip address add 172.30.0.1/24 dev "$lab_bridge"
    ip link set "$lab_bridge" up
}

lab_down() {
    pid=$(cat "$lab/docker.pid" 2> /dev/null || :)
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = dockerd ]; then
        lab_empty
        kill "$pid"
        for _ in $(seq 100); do
            kill -0 "$pid" 2> /dev/null || break
            sleep 0.2
        done
        say "the lab's engine has ended"
    else
        say "the lab has no engine running"
    fi
    rm -f "$lab/env"
    lab_bridge_down
    if [ "$1" = purge ]; then
        [ -z "$pid" ] || ! kill -0 "$pid" 2> /dev/null || die "the engine did not end; nothing was removed"
        rm -rf "$lab"
        say "removed $lab"
    fi
}

# Containers and networks go, images stay.
lab_empty() {
    containers=$(timeout 20 docker --host "$(lab_socket)" ps --all --quiet) || return 0
    # shellcheck disable=SC2086
    [ -z "$containers" ] || timeout 60 docker --host "$(lab_socket)" rm --force --volumes $containers > /dev/null || :
    timeout 20 docker --host "$(lab_socket)" network prune --force > /dev/null || :
}

# An engine leaves its rules behind.
lab_bridge_down() {
    ip link show "$lab_bridge" > /dev/null 2>&1 || return 0
    for table in nat filter; do
        iptables --wait --table $table --list-rules | sed -n "s/^-A \(.* $lab_bridge .*\)/-D \1/p" |
            while read -r rule; do
                # shellcheck disable=SC2086
                iptables --wait --table $table $rule || :
            done
    done
    ip link delete "$lab_bridge"
}

# --- images -------------------------------------------------------------------------------------------------------

# Builds what is missing or was built from other files, two at a time, the slowest first.
lab_build() {
    mkdir -p "$lab/log"
    wanted=
    for image in base:12 busybox:1.35 $lab_images; do
        "$root/lab/build" --current "$image" || wanted="$wanted $image"
    done
    [ -n "$wanted" ] || return 0
    if ! apt_usable; then
        say "cannot build without apt and root:$wanted"
        return 1
    fi
    command -v mmdebstrap > /dev/null || install "it makes the base image" mmdebstrap || return 1
    say "building images:$wanted"
    case " $wanted " in *" chromadb:"* | *" python:"*) lab_wheel ;; esac
    lab_source="$(debian_source $lab_release)"
    export lab lab_release lab_source
    for image in base:12 busybox:1.35; do
        case " $wanted " in *" $image "*) "$root/lab/build" "$image" || return 1 ;; esac
    done
    # shellcheck disable=SC2086
    printf '%s\n' $wanted | grep -v -e '^base:' -e '^busybox:' | xargs -r -n 1 -P 2 "$root/lab/build"
}

# Some things come as wheels, which ./run unpacks for itself; images are made of them.
lab_wheel() { (exec 9< run && flock 9 && choose_python && environment .venv && chroma_server) >&2 8>&- || :; }

# --- compose ------------------------------------------------------------------------------------------------------

# Compose v2 comes with no older Debian than trixie; its binary runs on all of them.
lab_compose() {
    docker compose version > /dev/null 2>&1 && return
    plugin=$lab/cli/cli-plugins/docker-compose
    [ -x "$plugin" ] && return
    apt_usable || return 1
    unpacked docker-compose trixie "$lab/compose" || return 1
    mkdir -p "${plugin%/*}"
    mv "$lab/compose/usr/libexec/docker/cli-plugins/docker-compose" "$plugin"
    rm -rf "$lab/compose"
}
