# Conclave. `make help` lists what there is to make.

SHELL   := /bin/bash
GO      ?= go
BIN     := bin
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
BUILT   := $(shell git log -1 --format=%cI 2>/dev/null)
LDFLAGS := -X main.version=$(VERSION) -X main.committed=$(BUILT)
TUFJS   := .ci/tuf-js
SCREENS ?= screens

# What starts no goroutine (TestRulesStartNothing), and what plays the programs as
# they are built: the race detector could find nothing there, and takes four times
# as long. The rest is run with it.
RULES := ./ceremony/... ./bundles
PLAYS := ./cmd/internal/stories

# Debian packages: what the programs are built with and run on, and the
# independent tools that tests hold them against.
BUILD_PACKAGES := ca-certificates gcc libc6-dev pkg-config libpcsclite-dev
CARD_PACKAGES  := pcscd libpcsclite1 vsmartcard-vpcd
TEST_PACKAGES  := yubico-piv-tool yubikey-manager softhsm2 opensc docker-registry skopeo openssl jq systemd strace

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: deps-demo build ## Play the whole job on virtual tokens and a real registry, to the end
	@$(BIN)/conclave-demo --bin $(BIN) --tuf-js $(TUFJS)

.PHONY: rehearse
rehearse: deps-build build ## Hold a rehearsal of a ceremony on virtual tokens
	@$(BIN)/conclave rehearse

.PHONY: build
build: deps-build ## Build the programs into bin/
	@mkdir -p $(BIN)
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/conclave ./cmd/conclave-upload ./cmd/conclave-demo

.PHONY: test
test: deps-test build check ## Run every test, and hold the controls against them
	@set -o pipefail; export CONCLAVE_LONG=1 GORACE=atexit_sleep_ms=0; \
	{ $(GO) test -json $(RULES) $(PLAYS); plain=$$?; \
	  $(GO) test -json -race -timeout 15m $$($(GO) list ./... | grep -vxF "$$($(GO) list $(RULES) $(PLAYS))") && exit $$plain; } | \
	$(GO) run ./cmd/internal/controls/hold ceremony/CONTROLS.md

.PHONY: check
check: ## Check form, vet, staticcheck, the import rules and the other platforms
	@out=$$(gofmt -l $$(git ls-files '*.go' 2>/dev/null || find . -name '*.go')); \
	  if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	@$(GO) vet ./...
	@$(GO) tool staticcheck ./...
	@$(GO) test -count=1 -run TestImports ./cmd/conclave
	@CGO_ENABLED=0 $(GO) build ./...
	@CGO_ENABLED=0 GOOS=darwin $(GO) build ./cmd/conclave ./cmd/conclave-upload
	@CGO_ENABLED=0 GOOS=windows $(GO) build ./cmd/conclave ./cmd/conclave-upload

.PHONY: bench
bench: ## Run the benchmarks; each prints its ratio to a peer or a floor
	$(GO) test -run '^$$' -bench . -benchtime 1s ./...

.PHONY: screens
screens: ## Draw the golden screens as PNG files into screens/
	@mkdir -p $(SCREENS)
	@$(GO) test -count=1 -run TestScreens ./ui -screens $(abspath $(SCREENS))
	@cp $(SCREENS)/found-18-digest.png ui/testdata/digest.png

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(BIN) $(SCREENS) $(TUFJS)/node_modules

# What is missing is installed: by apt-get as root or through sudo. Elsewhere
# than on Debian, and without root, the missing packages are named.
define install
	@missing=""; for p in $(1); do \
	  dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  if ! command -v apt-get >/dev/null; then echo "This needs what Debian packages as:$$missing"; exit $(2); fi; \
	  root=""; [ "$$(id -u)" = 0 ] || root="sudo"; \
	  echo "Installing:$$missing"; \
	  $$root apt-get update -qq && \
	  $$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null \
	    || { echo "Could not install:$$missing"; exit $(2); }; \
	fi
endef

.PHONY: deps-build
deps-build:
	$(call install,$(BUILD_PACKAGES),1)

.PHONY: deps-demo
deps-demo: deps-build
	$(call install,$(CARD_PACKAGES),0)
	@command -v node >/dev/null && $(MAKE) -s $(TUFJS)/node_modules || true

.PHONY: deps-test
deps-test: deps-build
	$(call install,$(CARD_PACKAGES) $(TEST_PACKAGES),1)
	@command -v node >/dev/null && command -v npm >/dev/null || { $(MAKE) -s deps-node; }
	@$(MAKE) -s $(TUFJS)/node_modules

.PHONY: deps-node
deps-node:
	$(call install,nodejs npm,1)

# tuf-js, the TUF client that nobody here wrote, at the versions of its lock file.
$(TUFJS)/node_modules: $(TUFJS)/package-lock.json
	@cd $(TUFJS) && npm ci --silent --no-audit --no-fund --ignore-scripts && touch node_modules
