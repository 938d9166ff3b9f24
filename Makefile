EXTENSION = consent_profiling
MODULE_big = consent_profiling

# the version has one home, the control file
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(EXTENSION).control)

# what CREATE EXTENSION runs, in this order; in a directory of its own, since pg_regress prefers sql/NAME.sql to a test
INSTALL_SQL = $(addprefix sql/install/,$(addsuffix .sql,\
	schema types registry history decide record import recipients announce restriction erasure requests reviews receipts \
	administer protect describe track report compliance guard acl))

DATA = $(sort $(wildcard sql/$(EXTENSION)--*--*.sql))
DATA_built = sql/$(EXTENSION)--$(EXTVERSION).sql

OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)))

# -isystem: our warnings are errors, those within PostgreSQL's headers are not ours
PG_CPPFLAGS = -Isrc -isystem '$(includedir_server)' -DCONSENT_PROFILING_VERSION='"$(EXTVERSION)"'
# PostgreSQL's calling convention leaves arguments unused, and its own code compares signs freely
PG_CFLAGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare

REGRESS = $(basename $(notdir $(sort $(wildcard test/sql/*.sql))))
ISOLATION = $(basename $(notdir $(sort $(wildcard test/specs/*.spec))))
PROVE_TESTS := $(sort $(wildcard test/t/*.pl))
TAP_TESTS := $(if $(PROVE_TESTS),1)
# pg_regress looks for sql/, specs/ and expected/ in these; isolation has another --outputdir by default
REGRESS_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
ISOLATION_OPTS = $(REGRESS_OPTS)
# the tests' database does not depend on the server's locale
NO_LOCALE = 1
ENCODING = UTF8

PG_CONFIG ?= pg_config
# Debian's client packages bring PGXS, but the headers it needs are in postgresql-server-dev-NN
pgxs = $(if $(wildcard $(shell $(1) --includedir-server 2>/dev/null)/postgres.h),$(shell $(1) --pgxs))
PGXS := $(call pgxs,$(PG_CONFIG))

# Debian's pg_config speaks for the newest client, or libpq alone: take the newest version that has the headers
ifeq ($(PGXS)$(filter-out file,$(origin PG_CONFIG)),)
PG_CONFIG := $(shell for c in $$(ls -v /usr/lib/postgresql/*/bin/pg_config 2>/dev/null); do \
	test ! -e "$$($$c --includedir-server)/postgres.h" || echo $$c; done | tail -n 1)
PGXS := $(if $(PG_CONFIG),$(call pgxs,$(PG_CONFIG)))
endif

ifneq ($(PGXS),)

# Debian's PostgreSQL was built with LLVM, whose clang need not be here; without it there is no bitcode to inline
ifeq ($(shell command -v $$(sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global)),)
override with_llvm = no
endif

include $(PGXS)

# PGXS does not track headers on Debian
$(OBJS) $(OBJS:.o=.bc): $(sort $(wildcard src/*.h)) $(EXTENSION).control Makefile

$(DATA_built): $(INSTALL_SQL) Makefile
	awk 'FNR == 1 && NR > 1 { print "" } { print }' $(INSTALL_SQL) >$@

else

all install installcheck uninstall clean:
	@echo "This needs PostgreSQL's server headers. On Debian: apt-get install postgresql-server-dev-NN," >&2
	@echo "NN being the server's version; or give PG_CONFIG=/path/of/its/pg_config." >&2
	@echo "('make demo', 'make test' and 'make bench' install by themselves what they need.)" >&2
	@false

endif

# These three install what is missing, build, and start a private server; nothing of it is left behind.

# make test [ONLY="NAME ..."] [KEEP=1] [LIMIT=SECONDS]
test:
	@test/run

# make demo [DATA=FILE]; FILE is taken from where make was called, even with -C
demo:
	@CALLED_FROM='$(or $(PWD),$(CURDIR))' demo/run

# make bench [SIZE=full] [ONLY="CASE ..."] [OUT=DIR] [KEEP=1], and more: see test/bench/run
bench:
	@CALLED_FROM='$(or $(PWD),$(CURDIR))' test/bench/run

.PHONY: all install installcheck uninstall clean test demo bench
