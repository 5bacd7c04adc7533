# relayctl.bash — completion of relayctl, relay and relay-bench for bash-completion.
#
# Commands and options are asked of the programs themselves, whose --help comes from their tables.

# _relay_options PROGRAM [COMMAND]: the long options.
_relay_options() {
    "$@" --help 2>/dev/null | sed -n 's/^  \(-[a-zA-Z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p'
}

# _relay_commands PROGRAM: what its help calls commands.
_relay_commands() {
    "$1" --help 2>/dev/null |
        sed -n '/^Commands:/,/^$/ s/^  \([a-z][a-z-]*\)  .*/\1/p'
}

# _relay_shards PROGRAM: the numbers of the shards that there are.
_relay_shards() {
    "$1" status 2>/dev/null | sed -n '/^ *shard  /,$ s/^ *\([0-9][0-9]*\)  .*/\1/p'
}

# _relay_choices TEXT: the words of |TEXT| that begin as the current one does.
_relay_choices() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# _relay_value COMMAND: completes the value of the option $prev; false when it has none to offer, and
# nothing is to be offered instead.
_relay_value() {
    case $1$prev in
        *--state-dir) _filedir -d ;;
        *--auth-secret-file | *--users-file) _filedir ;;
        *--scheme) _relay_choices "stamp rest" ;;
        *--auth) _relay_choices "stamp rest static stamp,rest" ;;
        *--coordination) _relay_choices "local redis:// redis+unix:// redis+sentinel://" ;;
        *--log-level) _relay_choices "error warning info debug" ;;
        *--log-format) _relay_choices "human json" ;;
        *--direction) _relay_choices "up down both" ;;
        top--sort) _relay_choices "shard cpu packets bits allocations misrouted drops" ;;
        *--server-pid) _pids ;;
        *) return 1 ;;
    esac
}

# _relay_takes_value PROGRAM [COMMAND]: does $prev, an option, want a value?
_relay_takes_value() {
    [[ $prev == -* ]] &&
        "$@" --help 2>/dev/null | grep -q -E -- "^  (-[a-zA-Z], )?$prev [A-Z]|^  $prev, --[a-z-]+ [A-Z]"
}

_relay_complete() {
    local cur prev words cword split program=$1 command=
    _init_completion -s || return

    local i commands
    commands=$(_relay_commands "$program")
    for ((i = 1; i < cword; i++)); do
        if [[ ${words[i]} != -* ]] && grep -q -x -F -- "${words[i]}" <<<"$commands"; then
            command=${words[i]}
            break
        fi
    done

    # Each command of relayctl has a help of its own.
    local -a asked=("$program")
    [[ ${program##*/} != relayctl || -z $command ]] || asked+=("$command")

    if _relay_takes_value "${asked[@]}"; then
        _relay_value "$command"
        return
    fi
    $split && return
    if [[ $cur == -* ]]; then
        local options
        options=$(_relay_options "${asked[@]}")
        _relay_choices "${options:---help --version}"
    elif [[ -z $command ]]; then
        _relay_choices "$commands"
    elif [[ $command == drain || $command == undrain ]]; then
        _relay_choices "$(_relay_shards "$program")"
    fi
}

complete -F _relay_complete relayctl relay relay-bench
