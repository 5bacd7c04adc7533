# packages.bash — installs what is missing from Debian; sourced by tools/quickstart and tools/check.

# What the relay is built with.
# shellcheck disable=SC2034 # used where this is sourced
build_packages=(gcc libc6-dev cmake ninja-build pkg-config libevent-dev libhiredis-dev
    liblmdb-dev libssl-dev libwebsockets-dev libcjson-dev)

# What the tests need besides: the unit tests' library, the second compiler with its sanitizer
# runtime, the pinned formatter and linter, the clients of the end-to-end tests, the browser that
# opens the status page, and what makes and judges the package.
# shellcheck disable=SC2034 # used where this is sourced
test_packages=(libcmocka-dev clang clang-format-14 clang-tidy-14 libclang-rt-14-dev
    python3 python3-aioice python3-websockets openssl systemd coturn redis-server redis-sentinel
    redis-tools iproute2 util-linux mandoc bash-completion prometheus chromium chromium-driver
    python3-selenium dpkg-dev file lintian shellcheck)

# as_root COMMAND… runs a command as root, by sudo when we are not.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "This needs root or sudo: $*" >&2
        return 1
    fi
}

# install_missing PURPOSE PACKAGE… installs those of the packages that are missing, saying so
# first. Where nothing is missing it asks dpkg once and needs no network.
install_missing() {
    local purpose=$1 package missing=()
    shift
    if ! command -v dpkg-query >/dev/null; then
        echo "Not a Debian system: needed $purpose are, under their Debian names: $*" >&2
        return 0
    fi
    for package in "$@"; do
        # shellcheck disable=SC2016 # ${…} is dpkg-query's
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    echo "Installing from Debian, needed $purpose: ${missing[*]}"
    keep_services_stopped before "${missing[@]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}"
    keep_services_stopped after "${missing[@]}"
}

# keep_services_stopped before|after PACKAGE…: some packages are wanted for their programs alone,
# but would start a service: coturn, for turnutils_uclient, a TURN server on the very port that the
# relay serves; Redis, which the tests start by themselves, one on its usual port; Prometheus, for
# promtool. Where systemd
# runs, the services of those that are being installed are masked meanwhile, then left disabled.
# Without systemd the packages start nothing by themselves.
keep_services_stopped() {
    local when=$1 package
    shift
    [ -d /run/systemd/system ] || return 0
    for package in "$@"; do
        case $when:$package in
            before:coturn | before:prometheus | before:redis-server | before:redis-sentinel)
                echo "$package is needed for its programs only; its service stays off."
                as_root systemctl mask --runtime "$package.service"
                ;;
            after:coturn | after:prometheus | after:redis-server | after:redis-sentinel)
                as_root systemctl unmask --runtime "$package.service"
                as_root systemctl disable "$package.service"
                ;;
        esac
    done
}

# configure PRESET FOLDER [OPTION…] configures a build. The options and Ninja, where it is
# installed, are for a new folder; one that is configured already keeps what it has.
configure() {
    local preset=$1 folder=$2 first=()
    shift 2
    if [ ! -f "$folder/CMakeCache.txt" ]; then
        first=("$@")
        if command -v ninja >/dev/null; then
            first+=(-G Ninja)
        fi
    fi
    cmake --preset "$preset" -B "$folder" "${first[@]}"
}
