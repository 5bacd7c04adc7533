# packages.bash — installs what is missing from Debian; sourced by tools/quickstart and tools/check.

# What the relay is built with.
# shellcheck disable=SC2034 # used where this is sourced
build_packages=(gcc libc6-dev cmake ninja-build pkg-config libevent-dev libssl-dev)

# What the tests need besides: the unit tests' library, the second compiler with its sanitizer
# runtime, the pinned formatter and linter, and the clients of the end-to-end tests.
# shellcheck disable=SC2034 # used where this is sourced
test_packages=(libcmocka-dev clang clang-format-14 clang-tidy-14 libclang-rt-14-dev
    python3 python3-aioice coturn iproute2 util-linux)

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
    case " ${missing[*]} " in
        *" coturn "*) keep_coturn_stopped before ;;
    esac
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}"
    case " ${missing[*]} " in
        *" coturn "*) keep_coturn_stopped after ;;
    esac
}

# keep_coturn_stopped before|after: coturn is wanted for turnutils_uclient, a client that nobody
# here wrote. Its package would start a TURN server on the very port that the relay serves.
# Where systemd runs, its service is masked while the package is installed, then left disabled.
# Without systemd the package starts nothing by itself.
keep_coturn_stopped() {
    [ -d /run/systemd/system ] || return 0
    case $1 in
        before)
            echo "coturn is needed for its client programs only; its service stays off."
            as_root systemctl mask --runtime coturn.service
            ;;
        after)
            as_root systemctl unmask --runtime coturn.service
            as_root systemctl disable coturn.service
            ;;
    esac
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
