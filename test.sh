#!/usr/bin/env bash
# Builds everything, checks the formatting and runs every test; stops at the first stage that fails.
# Last line: "N passed, N failed, N skipped". Arguments go to `dotnet test`, e.g. ./test.sh --filter FullyQualifiedName~Specs
# Needs the .NET SDK of global.json and, for the first restore, the NuGet feed. With CI=true a skipped test is a failure.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

ci=${CI:-false}
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_UI_LANGUAGE=en
servers=()
if [[ $ci == true ]]; then
    # Plain text, and no build server that outlives the script.
    export NO_COLOR=1 TERM=dumb MSBUILDTERMINALLOGGER=off MSBUILDDISABLENODEREUSE=1
    servers=(--disable-build-servers)
fi

fail() {
    echo "test.sh: $*" >&2
    exit 1
}

# stage NAME COMMAND...: runs it, tells how long it took, and stops the script if it fails.
stage() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    "$@" || fail "the stage '$name' failed after $((SECONDS - start)) s: $*"
    echo "== $name: $((SECONDS - start)) s"
}

# need COMMAND_OR_FILE PACKAGE: installs a Debian package when what it brings is missing and we may; otherwise says so.
need() {
    local wanted=$1 package=$2 root=()
    if command -v -- "$wanted" > /dev/null || [[ $wanted == */* && -e $wanted ]]; then
        return
    fi

    [[ $(id -u) == 0 ]] || root=(sudo -n)
    if command -v apt-get > /dev/null && ${root[@]+"${root[@]}"} true 2> /dev/null; then
        ${root[@]+"${root[@]}"} apt-get update -qq
        ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"
    else
        echo "test.sh: $wanted is missing and cannot be installed from here; tests that need it are left out, and fail where CI=true. Install the package '$package'." >&2
    fi
}

command -v dotnet > /dev/null || fail "the .NET SDK is missing; global.json names its version (https://dotnet.microsoft.com/download)"
need git git
need python3 python3 # an independent reader of safetensors
initdb=(/usr/lib/postgresql/*/bin/initdb) # where Debian puts it, off the path; without a match no such file
command -v initdb > /dev/null || need "${initdb[0]}" postgresql # the database of a cluster
need chromium chromium # the page in a browser

stage build dotnet build OrleansDDM.sln -c Release ${servers[@]+"${servers[@]}"} -v quiet
stage format dotnet format OrleansDDM.sln --verify-no-changes --no-restore --severity warn

results=TestResults/test.trx
rm -f "$results"
status=0
echo "== test"
dotnet test Tests -c Release --no-build --results-directory TestResults --logger "trx;LogFileName=test.trx" \
    --blame-hang-timeout 10m --blame-hang-dump-type none "$@" || status=$?
[[ -f $results ]] || fail "the tests did not run (dotnet test ended with $status)"

counters=$(grep -o '<Counters [^>]*>' "$results" | head -n 1)
count() {
    sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<< "$counters"
}

passed=$(count passed)
failed=$(($(count failed) + $(count error) + $(count timeout) + $(count aborted)))
skipped=$(($(count total) - $(count executed)))
if ((status != 0 && failed == 0)); then
    echo "test.sh: dotnet test ended with $status, though no test failed; see above." >&2
elif ((passed + failed == 0)); then
    echo "test.sh: no test ran." >&2
    status=1
elif ((skipped > 0)) && [[ $ci == true ]]; then
    echo "test.sh: in CI a skipped test counts as a failure." >&2
    status=1
fi

echo "$passed passed, $failed failed, $skipped skipped"
exit $((status != 0 || failed != 0))
