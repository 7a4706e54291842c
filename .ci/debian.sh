# What the scripts share that fetch something, above all from the Debian suites,
# without installing anything. To be sourced. The mirror is the one that this machine's
# apt uses. Exit status 2: not to be had here.

no()
{
    echo "$(basename "$0" .sh): $*" >&2
    exit 2
}

# Sets $options, with which apt-get has lists and a state of its own in a
# directory: the machine's are not touched.
own_apt() # <directory> <deb|deb-src> <suite>...
{
    local apt=$1 type=$2 suite mirror architecture
    shift 2
    command -v apt-get > /dev/null || no "there is no apt-get here"
    command -v dpkg > /dev/null || no "there is no dpkg here"

    # The first archive labelled Debian. The machine may know several.
    mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
        'Created-By: Packages' | sed -n 's/^Debian //p' | head -n 1)
    [[ -n $mirror ]] || no "apt has no Debian mirror here (or: run apt-get update)"
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [[ -r $keyring ]] || no "$keyring is missing (debian-archive-keyring)"
    architecture=$(dpkg --print-architecture)

    mkdir -p "$apt"/{lists/partial,cache/archives/partial,etc,parts}
    exec 9> "$apt/lock"
    flock 9 2> /dev/null || true
    for suite; do
        echo "$type [signed-by=$keyring] $mirror $suite main"
    done > "$apt/etc/sources.list"
    : > "$apt/status"
    options=(
        -o "Dir::Etc::SourceList=$apt/etc/sources.list"
        -o "Dir::Etc::SourceParts=$apt/parts"
        -o "Dir::Etc::Preferences=/dev/null"
        -o "Dir::Etc::PreferencesParts=$apt/parts"
        -o "Dir::State=$apt"
        -o "Dir::State::Lists=$apt/lists"
        -o "Dir::State::Status=$apt/status"
        -o "Dir::Cache=$apt/cache"
        -o "APT::Architecture=$architecture"
        -o "APT::Architectures=$architecture"
        -o "Acquire::Languages=none"
        -o "APT::Get::List-Cleanup=false"
        -o "APT::Sandbox::User=root"
        -o "APT::Update::Post-Invoke-Success::="
        -o "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"
        -o "Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false"
    )

    # Once a day: sid moves.
    if [[ -z $(find "$apt/updated" -mmin -1440 2> /dev/null) ]]; then
        apt-get -qq "${options[@]}" update >&2 \
            || no "apt-get update from $mirror failed"
        touch "$apt/updated"
    fi
}
