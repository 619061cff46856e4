#!/bin/sh
# Makes .venv with Python 3.10 and installs locked requirements into it.
# usage: scripts/setup.sh requirements.txt [requirements-dev.txt]
set -eu

want=$(cat .python-version)

say() { printf '%s\n' "$*"; }

fits() { "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$want')" 2>/dev/null; }

# In this order: pyenv, the path, uv. Prints the interpreter's path.
find_python() {
    for found in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$want"*/bin/python; do
        if [ -x "$found" ] && fits "$found"; then say "$found"; return; fi
    done
    found=$(command -v "python$want" || true)
    if [ -n "$found" ] && fits "$found"; then say "$found"; return; fi
    if command -v uv >/dev/null; then
        uv python install --quiet "$want" >&2 && uv python find --no-project "$want" && return
    fi
    return 1
}

if ! [ -x .venv/bin/python ] || ! fits .venv/bin/python; then
    if ! python=$(find_python); then
        say "Baton needs Python $want (Rasa 3.6 runs on no newer one), and none was found. One of these helps:" >&2
        say "  pyenv install $want  |  your system's python$want package  |  uv, which fetches one by itself" >&2
        exit 1
    fi
    say "Making .venv with Python $want"
    rm -rf .venv
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" .venv
    else
        "$python" -m venv .venv
    fi
fi

say "Installing $* (a few minutes the first time: TensorFlow is most of it)"
started=$(date +%s)
files=""
for file in "$@"; do files="$files -r $file"; done
# The locks are complete, so nothing is left to resolve. $files is split into words on purpose.
if command -v uv >/dev/null; then
    uv pip install --quiet --no-deps --python .venv/bin/python $files
elif [ -x .venv/bin/uv ]; then
    .venv/bin/uv pip install --quiet --no-deps --python .venv/bin/python $files
else
    # a .venv that uv made has no pip
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps $files
fi
say "Installed in $(($(date +%s) - started)) s"
