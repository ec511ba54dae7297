# Sourced by the commands in this folder: where the repository is, a .NET SDK, and builds that leave no process behind.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command_name=eng/$(basename "$0")

say() { printf '%s: %s\n' "$command_name" "$*" >&2; }
die() { say "$*"; exit 1; }

# Build servers would outlive the command by minutes, and nothing of ours may stay behind.
export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false DOTNET_CLI_USE_MSBUILD_SERVER=0
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_UI_LANGUAGE=en
export DOTNET_GENERATE_ASPNET_CERTIFICATE=false
# A bare machine has no ICU, and nothing here depends on a culture.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

find_dotnet() {
  if ! command -v dotnet >/dev/null && [[ -x ${HOME:-/nonexistent}/.dotnet/dotnet ]]; then
    export DOTNET_ROOT=$HOME/.dotnet PATH=$HOME/.dotnet:$PATH
  fi
  command -v dotnet >/dev/null || die "the .NET SDK 10 is needed: put 'dotnet' on the PATH or into ~/.dotnet (https://dotnet.microsoft.com/download)"
  if [[ ! -w ${HOME:-/nonexistent} ]]; then
    export DOTNET_CLI_HOME=$root/artifacts/home
    mkdir -p "$DOTNET_CLI_HOME"
  fi
  local version
  # Asked inside the repository: global.json has a word in it.
  version=$(cd "$root" && sdk --version 2>&1) || die "dotnet does not start: $version"
  [[ $version == 10.* ]] || die "the .NET SDK 10 is needed; $(command -v dotnet) is version $version"
}

# The SDK leaves folders in TMPDIR behind: it gets one of its own. Not NuGet, whose lock there is what keeps two restores apart.
sdk() {
  local scratch status=0
  scratch=$(mktemp -d)
  NUGET_SCRATCH=${NUGET_SCRATCH:-${TMPDIR:-/tmp}/NuGetScratch$(id -un)} TMPDIR=$scratch dotnet "$@" </dev/null || status=$?
  rm -rf "$scratch"
  return $status
}

# build PROJECT [OPTION...]: quiet, on stderr. The log appears only when the build fails.
build() {
  local log
  log=$(sdk build "$root/$1" -c Release -v quiet -nologo --tl:off -clp:NoSummary "${@:2}" 2>&1) && return
  printf '%s\n' "$log" >&2
  die "$1 does not build"
}
