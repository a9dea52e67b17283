#!/bin/sh
# Makes .venv: exactly what requirements.lock says, every file checked against its hash, and this project on top,
# editable. Where that is so already it says nothing and costs a few hundredths of a second.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$@"; }
fail() {
    say "$@" >&2
    exit 1
}

# Where the folder is counts too: the commands in .venv/bin carry its path.
state=$({ pwd && cat requirements.lock pyproject.toml tools/setup.sh; } | cksum)
lab=lab_extension
# What the browser half is bundled of.
lab_state=$({ cat $lab/package.json $lab/yarn.lock $lab/tsconfig.json $lab/schema/* $lab/style/* requirements.lock &&
    find $lab/src -type f | LC_ALL=C sort | xargs cat; } | cksum)
is_built() {
    [ -e $lab/gristmill_lab/labextension/package.json ] && [ "$(cat $lab/lib/.built 2>/dev/null)" = "$lab_state" ]
}
is_made() { [ "$(cat .venv/.gristmill-setup 2>/dev/null)" = "$state" ] && .venv/bin/python -c '' 2>/dev/null; }
install() {
    uv pip install --no-deps --no-build-isolation --reinstall --editable .
    # As a wheel's modules are when they are installed: some machines forbid processes to write bytecode.
    .venv/bin/python -m compileall -q gristmill hub/gristmill_hub kernels/gristmill_kernels $lab/gristmill_lab
}
uv() { .venv/bin/uv --quiet --no-progress --color never "$@" --python .venv/bin/python; }
build_lab() {
    is_built && return
    say "building the JupyterLab extension (a minute or two the first time)"
    .venv/bin/python -m tools.lab build >.venv/lab-build.log 2>&1 || {
        cat .venv/lab-build.log >&2
        fail "the JupyterLab extension could not be built (what it said is above)."
    }
    sed -n 's/^lab: /setup:   /p' .venv/lab-build.log
    printf '%s\n' "$lab_state" >$lab/lib/.built
}

if is_made; then
    is_built && exit 0
    build_lab
    install
    exit 0
fi

works() { "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; }

# PYTHON=... is taken as said; else the first that is new enough, the machine's own `python3` before others.
for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    works "$python" && break
    python=
done

# All that is missing is said at once.
missing=
if [ -z "$python" ]; then
    say "Python 3.11 or newer is needed; found: $({ ${PYTHON:-python3} --version || echo none; } 2>&1 | tail -n 1)" >&2
    say "where the release's own is older: install another beside it, and make setup PYTHON=/path/to/python" >&2
    missing="python3 python3-venv "
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    say "$("$python" --version) cannot make virtual environments here: its ensurepip is missing" >&2
    missing="$(basename "$python")-venv "
fi
if ! command -v git >/dev/null; then
    say "git is needed; found: none" >&2
    missing="${missing}git"
fi
[ -z "$missing" ] || fail "on Debian 12, Ubuntu 24.04 or newer:   apt-get install $missing"

rm -f .venv/.gristmill-setup
if ! { .venv/bin/uv --version && works .venv/bin/python; } >/dev/null 2>&1; then
    say "making .venv with $("$python" --version) and fetching uv, which installs the rest"
    "$python" -m venv --clear .venv
    # uv's own lines of the lock, so that it too is the locked version with the locked hash.
    awk '/^[^ #]/ { wanted = /^uv==/ } wanted' requirements.lock >.venv/uv.lock
    .venv/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --no-deps -r .venv/uv.lock ||
        fail "uv could not be fetched from the package index (pip's own message is above)." \
            "Behind a mirror, name it to both: PIP_INDEX_URL for pip and UV_DEFAULT_INDEX for uv."
fi
say "installing the $(grep -c '^[^ #]' requirements.lock) packages of requirements.lock (some minutes the first time)"
# Compiled now and once: many processes start at the same time later, and some machines forbid them to write bytecode.
uv pip sync --require-hashes --compile-bytecode requirements.lock ||
    fail "not everything could be installed (uv's message is above)."
build_lab
say "installing Gristmill itself, editable"
install
printf '%s\n' "$state" >.venv/.gristmill-setup
say "done: .venv/bin/gristmill"
