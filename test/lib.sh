# shellcheck shell=bash
#
# What test/run, demo/run and test/bench/run share: they source this, call
# "prepare", and then "start_server" as often as they like. Everything happens in
# $work, a private directory that is removed in the end however the script ends:
#
#	$work/pg   a copy of PostgreSQL with the extension in it. PostgreSQL's programs
#	           find each other and their files by where they are themselves, so the
#	           copy is a whole installation and the system's own is not touched.
#	$work/src  a copy of the source tree, built for that PostgreSQL. It is where the
#	           scripts are after "prepare".
#
# initdb refuses root, so root does all this as another user; see as_user.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
umask 022

# Neither the settings of the make that called us, nor those of the caller's own
# servers, nor the locale belong in here.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CDPATH
for name in $(compgen -e); do
	case $name in
		PG_CONFIG) ;;
		PG* | LC_* | LANGUAGE | PERL5LIB) unset "$name" ;;
	esac
done
export LANG=C.UTF-8

say() { printf '== %s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"
	elif command -v sudo >/dev/null; then sudo "$@"
	else die "This has to be done by root, and there is no sudo: $*"
	fi
}

# Runs a command as the user who builds and tests; prepare sets $become.
as_user() { "${become[@]}" "$@"; }

has_headers() {
	[ -e "$("$pg_config" --includedir-server 2>/dev/null)/postgres.h" ]
}

# Sets $pg_config: the caller's PG_CONFIG; or the newest PostgreSQL here that has
# server headers; or the newest server; or what Debian calls "postgresql".
choose_postgres() {
	local wish dir found
	pg_config=${PG_CONFIG:-}
	if [ -n "$pg_config" ]; then
		# Debian's /usr/bin/pg_config is but a wrapper
		if has_headers; then pg_config=$("$pg_config" --bindir)/pg_config; fi
		return
	fi
	for wish in headers server; do
		for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
			pg_config=$dir/pg_config
			[ "$(cut -d/ -f5 <<<"$dir")" -ge 15 ] 2>/dev/null || continue
			case $wish in
				headers) if has_headers; then return; fi ;;
				server) if [ -x "$dir/postgres" ]; then return; fi ;;
			esac
		done
	done
	pg_config=
	found=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p') || true
	[ -z "$found" ] || pg_config=/usr/lib/postgresql/$found/bin/pg_config
}

# Prints the Debian packages without which nothing goes on. They are looked for by
# what they bring, so that a PostgreSQL built by hand serves as well.
missing_packages() {
	local version
	version=$(sed -n 's|^/usr/lib/postgresql/\([0-9]*\)/bin/pg_config$|\1|p' <<<"$pg_config")
	[ -x "$(dirname "$pg_config")/postgres" ] || echo "postgresql-${version:-NN}"
	has_headers || echo "postgresql-server-dev-${version:-NN}"
	[ -e /usr/include/stdio.h ] || echo libc6-dev
	command -v gcc >/dev/null || echo gcc
	command -v prove >/dev/null || echo perl
	perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
}

# Installs them. A new server package would create a cluster "main" and start it,
# which we neither need nor want; one file says so while we install.
install_missing() {
	choose_postgres
	[ -z "$pg_config" ] || [ -n "$(missing_packages)" ] || return 0
	command -v apt-get >/dev/null ||
		die "Missing here, and there is no apt-get to install it: ${pg_config:+$(missing_packages | xargs)}"

	# one at a time: another run may be at it
	exec 9</var/lib/dpkg
	flock 9
	as_root apt-get -q update || say "apt-get update failed; going on with what is known"
	choose_postgres
	[ -n "$pg_config" ] || die "apt knows no package \"postgresql\""
	local packages
	packages=$(missing_packages | xargs)
	case $packages in
		*-NN*) die "$pg_config is not that of a PostgreSQL server with its headers (PGXS)" ;;
	esac
	[ -n "$packages" ] || { exec 9<&-; return; }
	say "installing $packages"
	# shellcheck disable=SC2016,SC2086
	as_root env DEBIAN_FRONTEND=noninteractive sh -ec '
		dir=/etc/postgresql-common/createcluster.d
		file=$dir/zz_consent_profiling_tests.conf
		made=
		trap "rm -f $file; test -z \"\$made\" || rmdir -p --ignore-fail-on-non-empty $dir" EXIT
		trap "exit 1" HUP INT TERM
		test -d $dir || made=yes
		mkdir -p $dir
		echo "create_main_cluster = false" >$file
		apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
	' sh $packages </dev/null
	exec 9<&-
}

# Copies PostgreSQL and the source tree to $work, builds there, and installs the one
# into the other.
build() {
	local dir
	say "copying $("$pg_config" --version)"
	for dir in "$("$pg_config" --bindir)" "$("$pg_config" --sharedir)" "$("$pg_config" --pkglibdir)"; do
		mkdir -p "$work/pg$dir"
		cp -R --preserve=mode,links "$dir/." "$work/pg$dir"
		# an older consent_profiling in the system is not to be tested by mistake
		find "$work/pg$dir" -name 'consent_profiling*' -prune -exec rm -rf {} +
	done
	dir=$("$pg_config" --includedir)
	mkdir -p "$(dirname "$work/pg$dir")"
	ln -s "$dir" "$work/pg$dir"

	mkdir "$work/src" "$work/tmp"
	find "$top" -mindepth 1 -maxdepth 1 ! -name .git ! -name tmp_check -exec cp -R -t "$work/src" {} +
	[ "$(id -u)" != 0 ] || chown -R "$user:" "$work"

	cd "$work/src"
	dir=$("$pg_config" --bindir)
	export PG_CONFIG=$work/pg$dir/pg_config PATH=$work/pg$dir:$PATH HOME=$work TMPDIR=$work/tmp
	say "building the extension"
	{ as_user make clean && as_user make -j"$(nproc)" install; } >"$work/build.log" 2>&1 </dev/null || {
		cat "$work/build.log"
		die "The build failed."
	}
}

# All of the above. $work must have a short name, because sockets live in it, and in
# a place that root's other user can reach.
prepare() {
	install_missing

	# the caller; for root "postgres", whom Debian's package makes, or else "nobody"
	become=()
	if [ "$(id -u)" = 0 ]; then
		user=postgres
		id "$user" >/dev/null 2>&1 || user=nobody
		become=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups)
	fi

	work=$(mktemp -d /tmp/consent_profiling.XXXXXX)
	build
}

# Starts a server of our own in $work/NAME: superuser postgres, reached by a Unix
# socket in a directory that only the testing user enters, nothing written safely to
# disk. Each SETTING is a line of postgresql.conf. PGHOST and PGUSER lead to it.
start_server() { # NAME [SETTING ...]
	local name=$1
	shift
	export PGHOST=$work/$name PGUSER=postgres
	as_user initdb -D "$PGHOST" -U postgres -A trust --no-locale -E UTF8 -N >"$work/$name.initdb" 2>&1 </dev/null || {
		cat "$work/$name.initdb"
		return 1
	}
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$PGHOST'" 'fsync = off' "$@" |
		as_user tee -a "$PGHOST/postgresql.conf" >/dev/null
	as_user pg_ctl -D "$PGHOST" -l "$PGHOST/server.log" -w -s start </dev/null || {
		tail -n 20 "$PGHOST/server.log"
		return 1
	}
}

stop_server() { # NAME
	as_user pg_ctl -D "$work/$1" -m fast -w -s stop
}

# Stops and removes whatever there is. So that bash heeds a signal at once, a script
# runs what takes long in the background and waits for it: "${become[@]}" COMMAND & (as
# as_user is a function, a process of bash's own would be killed in COMMAND's place).
cleanup() {
	local file pid kill_it
	set +e
	trap '' HUP INT TERM
	[ -n "${work:-}" ] || return 0
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	wait
	# whatever server is still there, the TAP tests' ones included; a process is one
	# of them if it stands in that very directory, since ids are used again
	while read -r file; do
		pid=$(head -n 1 "$file")
		kill_it=-QUIT
		while [ "$(readlink "/proc/$pid/cwd")" = "${file%/*}" ]; do
			kill $kill_it "$pid"
			kill_it=-0
			sleep 0.1
		done
	done < <(find "$work" -name postmaster.pid 2>/dev/null)
	cd /
	if [ -n "${KEEP:-}" ]; then
		say "kept as asked: $work"
	else
		rm -rf "$work"
	fi
}
trap cleanup EXIT
trap 'exit 130' HUP INT TERM
