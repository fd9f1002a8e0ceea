#!/bin/sh
# Names every missing tool at once and how to get it. Plain sh, because Node may be what is missing. With the argument
# `chromium`, that is asked for, too: the tests look at the dashboard through it.

missing=0
need() { # what, how to get it
	echo "Missing: $1. Get it with: $2" >&2
	missing=1
}
have() { command -v "$1" >/dev/null 2>&1; }

have cargo || need "cargo (Rust)" "https://rustup.rs, or your package manager (rustup, cargo)"
have cc || need "cc (a C compiler)" "apt install build-essential, dnf install gcc, or xcode-select --install"
have node || need "node 20 or later" "https://nodejs.org, apt install nodejs, or brew install node"
have npm || need "npm" "https://nodejs.org, apt install npm, or brew install node"
have python3 || need "python3" "apt install python3 python3-pip, or brew install python"

if [ "$1" = chromium ]; then
	have chromium || have chromium-browser || have google-chrome || [ -e "$CHROMIUM" ] ||
		need "chromium" "apt install chromium, brew install chromium, or set CHROMIUM to its path"
fi

# These two cost a start of the tool itself, so they are asked only before something is fetched.
if [ ! -e .deps/stamp ]; then
	! have node || node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
		need "node 20 or later (this is $(node --version))" "https://nodejs.org, or brew install node"
	! have python3 || python3 -m pip --version >/dev/null 2>&1 ||
		need "pip" "apt install python3-pip, or python3 -m ensurepip"
fi
exit $missing
