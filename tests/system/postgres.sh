# shellcheck shell=bash disable=SC2034
# For tests with a PostgreSQL of their own, as an unprivileged user, in a folder of its own, on a free loopback port. Sourced after lib.sh; without
# the server's programs a test is skipped.

# The newest server's programs: Debian keeps them beside each other by version.
pg_bin=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
pg_bin=${pg_bin%/initdb}
[[ -n $pg_bin ]] || { echo "skipped: no PostgreSQL server here (package postgresql)"; exit 77; }
pg_dir=$(mktemp -d)
pg_user=()
if [[ $(id -u) == 0 ]]; then # it refuses to run as root
    pg_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$pg_dir")
    chown nobody:nogroup "$pg_dir"
fi
pg_password=$(head -c 12 /dev/urandom | base64 -w0 | tr '/+' 'ab')
export PGPASSFILE=$work/pgpass
echo "*:*:*:*:$pg_password" >"$PGPASSFILE"
chmod 600 "$PGPASSFILE"
folders+=("$pg_dir")

# pg_make NAME [SETTINGS...]: an empty cluster in $pg_dir/NAME on a free port, pg_port[NAME]. The role depositary owns a database of that name.
declare -A pg_port pg_pid
pg_make() {
    local name=$1 setting
    shift
    pg_port[$name]=$(free_port)
    echo "$pg_password" >"$pg_dir/password"
    chmod 644 "$pg_dir/password"
    "${pg_user[@]}" "$pg_bin/initdb" -D "$pg_dir/$name" --username=postgres --auth=scram-sha-256 --pwfile="$pg_dir/password" \
        --encoding=UTF8 --no-locale --no-sync >"$work/initdb.log" 2>&1 || fail "no cluster can be made"
    {
        echo "port = ${pg_port[$name]}"
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = '$pg_dir'"
        echo "shared_buffers = 16MB"
        echo "max_connections = 40"
        echo "cluster_name = '$name'"
        for setting in "$@"; do echo "$setting"; done
    } >>"$pg_dir/$name/postgresql.conf"
}

# pg_start NAME: and waits until it takes connections.
pg_start() {
    "${pg_user[@]}" "$pg_bin/postgres" -D "$pg_dir/$1" >>"$work/postgres-$1.log" 2>&1 &
    pg_pid[$1]=$!
    daemons+=("$!")
    local i
    for i in $(seq 300); do
        if "$pg_bin/pg_isready" -q -h 127.0.0.1 -p "${pg_port[$1]}"; then return 0; fi
        sleep 0.1
    done
    fail "PostgreSQL $1 does not start"
}

# pg_kill NAME: the machine is gone: every process at once, without a word.
pg_kill() {
    local pids
    pids=$(pgrep -P "${pg_pid[$1]}" | tr '\n' ' ')
    # shellcheck disable=SC2086 # words
    kill -KILL "${pg_pid[$1]}" $pids 2>/dev/null || true
    wait "${pg_pid[$1]}" 2>/dev/null || true
    rm -f "$pg_dir/$1/postmaster.pid"
}

# pg_stop NAME: as an administrator would.
pg_stop() {
    kill -INT "${pg_pid[$1]}"
    wait "${pg_pid[$1]}" 2>/dev/null || true
}

# sql [-u USER] NAME WORDS: rows on standard output.
sql() {
    local user=postgres
    if [[ $1 == -u ]]; then user=$2; shift 2; fi
    "$pg_bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "${pg_port[$1]}" -U "$user" -d "${3:-depositary}" -c "$2"
}

# pg_database NAME: the role and the database.
pg_database() {
    sql "$1" "CREATE ROLE depositary LOGIN PASSWORD '$pg_password'" postgres
    sql "$1" "CREATE DATABASE depositary OWNER depositary" postgres
}
