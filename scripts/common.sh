# What the scripts share. Sourced, from the project's root.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

# as_root COMMAND…: runs it as root, through sudo where we are not.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "This needs root, and there is no sudo. As root, run: $*"
        return 1
    fi
}

# need PROGRAM[:PACKAGE] …: installs the packages whose programs are missing, and nothing else.
# A word with a slash is a file instead of a program (a library has none).
need() {
    local word program package missing=()
    for word in "$@"; do
        program="${word%%:*}" package="${word##*:}"
        case "$program" in
            */*) [ -e "$program" ] || missing+=("$package") ;;
            *) command -v "$program" >/dev/null || missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Installing: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -qq "${missing[@]}" >&2 ||
        { as_root apt-get update -qq >&2 &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -qq "${missing[@]}" >&2; }
}

# need_toolchains: the pinned Rust and Node 20 or newer come with the machine; without them nothing can be built.
need_toolchains() {
    if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
        PATH="$HOME/.cargo/bin:$PATH"
    fi
    command -v cargo >/dev/null || { say "There is no cargo. Install Rust (https://rustup.rs), then try again."; return 1; }
    command -v node >/dev/null || { say "There is no node. Install Node 20 or newer, then try again."; return 1; }
    local major
    major="$(node --version | sed 's/^v\([0-9]*\).*/\1/')"
    [ "$major" -ge 20 ] || { say "Node $(node --version) is too old: 20 or newer is needed."; return 1; }
    # ring and SQLite are compiled from C.
    need cc:gcc make:make /usr/include/stdio.h:libc6-dev
}

# newer_than FILE PATH…: whether anything below the paths is newer than the file, or the file is missing.
newer_than() {
    local file="$1"
    shift
    [ ! -e "$file" ] || [ -n "$(find "$@" -newer "$file" -type f -print -quit 2>/dev/null)" ]
}

# quietly COMMAND…: keeps what it prints to itself, unless it fails.
quietly() {
    local output
    if ! output="$("$@" 2>&1)"; then
        say "$output"
        return 1
    fi
}

# build_portal: web-portal/dist, where anything changed.
build_portal() {
    [ -f web-portal/package.json ] || return 0
    if newer_than web-portal/node_modules/.package-lock.json web-portal/package-lock.json; then
        say "Fetching what the portal is built with …"
        quietly npm --prefix web-portal ci --no-audit --no-fund
    fi
    if newer_than web-portal/dist/index.html web-portal/{src,public,scripts,index.html,vite.config.ts,package-lock.json}; then
        say "Building the portal …"
        quietly npm --prefix web-portal run build
    fi
}

# need_twilio: Twilio's own library, which signs webhooks for tests; DEPESCHE_TWILIO_PYTHON names a python that has it.
need_twilio() {
    local folder="${CARGO_TARGET_DIR:-$PWD/target}/twilio"
    export DEPESCHE_TWILIO_PYTHON="${DEPESCHE_TWILIO_PYTHON:-$folder/bin/python}"
    "$DEPESCHE_TWILIO_PYTHON" -c 'import twilio' 2>/dev/null && return 0
    need python3
    python3 -c 'import ensurepip' 2>/dev/null || need /usr/lib/python3-venv-is-missing:python3-venv
    python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check 'twilio>=9.13,<10' >&2
    DEPESCHE_TWILIO_PYTHON="$folder/bin/python"
}

# need_directory: slapd, unpacked into target/slapd and never installed, since its package would start a service;
# DEPESCHE_SLAPD names a folder that has it.
need_directory() {
    local folder="${CARGO_TARGET_DIR:-$PWD/target}/slapd"
    export DEPESCHE_SLAPD="${DEPESCHE_SLAPD:-$folder}"
    [ -x "$DEPESCHE_SLAPD/usr/sbin/slapd" ] && return 0
    [ "$DEPESCHE_SLAPD" = "$folder" ] && command -v apt-get >/dev/null || return 1
    # Those of its libraries that Debian's base system does not bring anyway, too.
    local packages=(slapd libltdl7 libargon2-1 libldap-2.5-0 libodbc2 libperl5.36 libsasl2-2 libwrap0) package new
    new="$(mktemp -d)"
    for package in "${packages[@]}"; do
        # A library of another name in a newer Debian may be missing; slapd itself may not.
        (cd "$new" && { apt-get download -qq "$package" || { as_root apt-get update -qq && apt-get download -qq "$package"; }; }) >/dev/null 2>&1 ||
            [ "$package" != slapd ] || { rm -rf "$new"; return 1; }
    done
    for package in "$new"/*.deb; do dpkg-deb -x "$package" "$new"; done
    rm -rf "$new"/*.deb "$folder" && mv "$new" "$folder"
}

# need_address_book: Radicale in target/radicale; DEPESCHE_RADICALE_PYTHON names a python that has it.
need_address_book() {
    local folder="${CARGO_TARGET_DIR:-$PWD/target}/radicale"
    export DEPESCHE_RADICALE_PYTHON="${DEPESCHE_RADICALE_PYTHON:-$folder/bin/python}"
    "$DEPESCHE_RADICALE_PYTHON" -c 'import radicale' 2>/dev/null && return 0
    need python3
    python3 -c 'import ensurepip' 2>/dev/null || need /usr/lib/python3-venv-is-missing:python3-venv
    python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check 'radicale>=3.5,<4' >&2
    DEPESCHE_RADICALE_PYTHON="$folder/bin/python"
}

# need_vendor_sdks: the carriers' own libraries, which sign webhooks for tests, in the versions pinned in
# tests/vendor_sdks; DEPESCHE_VENDOR_SDKS names the folder they are in.
need_vendor_sdks() {
    local wanted=tests/vendor_sdks folder="${CARGO_TARGET_DIR:-$PWD/target}/vendor-sdks"
    export DEPESCHE_VENDOR_SDKS="${DEPESCHE_VENDOR_SDKS:-$folder}"
    [ "$DEPESCHE_VENDOR_SDKS" = "$folder" ] || return 0
    cat "$wanted/requirements.txt" "$wanted/package.json" | cmp -s - "$folder/installed" && return 0
    need python3
    python3 -c 'import ensurepip' 2>/dev/null || need /usr/lib/python3-venv-is-missing:python3-venv
    python3 -m venv "$folder" &&
        quietly "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$wanted/requirements.txt" &&
        cp "$wanted/package.json" "$folder/" &&
        quietly npm --prefix "$folder" install --no-audit --no-fund --no-package-lock &&
        cat "$wanted/requirements.txt" "$wanted/package.json" >"$folder/installed"
}
