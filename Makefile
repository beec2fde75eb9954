# What a person types. The scripts behind it install what is missing (Debian, Ubuntu) and say what they do.
SHELL = /bin/bash

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: ## build, start a private server, run the guided tour; with DATA=file.csv TARGET=column: on your own table
	@sql/demo/run

psql: ## connect to the demo's server
	@tests/lib/main.sh psql

stop: ## stop the private servers that demo and test started
	@tests/lib/main.sh stop

build: ## the release library, for the PostgreSQL of PG_CONFIG
	@tests/lib/main.sh build

install: ## into the PostgreSQL of PG_CONFIG (as root: sudo make install PG_CONFIG=...)
	@tests/lib/main.sh install

test: ## every test on the distribution's PostgreSQL; PARTS="regress/train readme" runs only these
	@tests/run $(PARTS)

test-all: ## the same, then again on PostgreSQL 16, 17 and 18
	@tests/run-all

lint: ## formatting and lints, warnings being errors
	@tests/lint

clean: ## remove the servers and everything built
	@tests/lib/main.sh clean

.PHONY: help demo psql stop build install test test-all lint clean
