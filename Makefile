# Everything that a developer or CI does stands here. `make` lists the targets.

GO       ?= go
BIN      := bin
KEYCLOAK := $(GO) run ./internal/testkeycloak --
KUBERNETES := $(GO) run ./internal/testkubernetes --

# The tests on InfluxData's own files, which are not part of this repository,
# have a build tag: where the files are missing they are left out, and the
# target says so at its end. TAGS=influxdata demands them.
SHIPPED  := ../shared/influxdb
TAGS     ?= $(if $(wildcard $(SHIPPED)/example-customer.yml),influxdata)
LEFT_OUT := $(if $(findstring influxdata,$(TAGS)),true,echo "NOT RUN: the tests on InfluxData's own files: $(SHIPPED) is not there")

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-21s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/idpctl
	@$(GO) build -trimpath -o $(BIN)/idpctl ./cmd/idpctl

.PHONY: demo
demo: build ## plan, apply and sign in against the built-in Keycloak emulator
	@$(GO) run ./internal/demo -idpctl $(BIN)/idpctl

.PHONY: demo-entra
demo-entra: build ## plan, apply and sign in against the built-in emulator of Entra ID
	@$(GO) run ./internal/demo -entra -idpctl $(BIN)/idpctl

.PHONY: demo-auth0
demo-auth0: build ## plan, apply and sign in against the built-in emulator of Auth0
	@$(GO) run ./internal/demo -auth0 -idpctl $(BIN)/idpctl

.PHONY: test
test: ## run the whole suite (emulator; no network, no Java)
	$(GO) test -tags '$(TAGS)' ./...
	@$(LEFT_OUT)

.PHONY: test-race
test-race: ## the packages in which goroutines meet, under the race detector
	$(GO) test -race -timeout 40m -tags '$(TAGS)' $(RACE_TESTS)
	@$(LEFT_OUT)
RACE_TESTS ?= ./apply ./config ./emulator/... ./internal/cli ./internal/parallel ./internal/run ./internal/view ./plan ./providers/... ./state

.PHONY: test-keycloak
test-keycloak: ## run the suite for a real Keycloak 26.7.3 (needs Java 17 and Maven)
	$(KEYCLOAK) $(GO) test -count=1 -p 1 -tags 'keycloak $(TAGS)' -timeout 40m $(KEYCLOAK_TESTS)
	@$(LEFT_OUT)
KEYCLOAK_TESTS ?= ./providers/keycloak/... ./emulator/... ./internal/e2e/...

.PHONY: test-render
test-render: ## what Helm and kustomize make of what idpctl writes (a module of its own)
	cd internal/rendertest && $(GO) vet ./... && $(GO) test ./...

.PHONY: test-dex
test-dex: ## sign in at a real Dex 2.41.1, which is built the first time (needs a C compiler)
	$(GO) test -count=1 -tags dex -run '^TestDex' ./internal/e2e

.PHONY: test-browser
test-browser: ## sign in at the emulators with a real browser (needs Chromium)
	$(GO) test -count=1 -tags browser -timeout 20m ./internal/browser/...

.PHONY: test-browser-keycloak
test-browser-keycloak: $(BIN)/mailpit ## the same at a real Keycloak, with its mails (needs Chromium, Java 17 and Maven)
	IDPCTL_TEST_MAILPIT=$(abspath $(BIN))/mailpit $(KEYCLOAK) $(GO) test -count=1 -tags 'browser keycloak' -timeout 20m ./internal/browser/...

# A mail server that keeps what it gets. It is a program of its own, so that its
# dependencies are not ours.
$(BIN)/mailpit:
	GOBIN=$(abspath $(BIN)) CGO_ENABLED=0 $(GO) install -trimpath -ldflags '-s -w' github.com/axllent/mailpit@v1.27.11

.PHONY: test-kubernetes
test-kubernetes: ## run the suite for a real Kubernetes API server (builds it the first time)
	$(KUBERNETES) $(GO) test -count=1 -tags 'kubernetes $(TAGS)' -timeout 20m -run '$(KUBERNETES_RUN)' $(KUBERNETES_TESTS)
	@$(LEFT_OUT)
KUBERNETES_TESTS ?= ./cluster/kubernetes/... ./internal/e2e/...
KUBERNETES_RUN ?= Kubernetes

.PHONY: cover
cover: ## run the suite with coverage and report it by package
	$(GO) test -tags '$(TAGS)' -coverpkg=./apply/...,./cluster/...,./config/...,./diag/...,./internal/...,./oidc/...,./plan/...,./providers/...,./resource/...,./state/... -coverprofile=coverage.out ./... > coverage.log 2>&1 || { grep -v -e '^ok' -e 'no test files' coverage.log; exit 1; }
	@$(GO) run ./internal/coverage coverage.out

.PHONY: lint
lint: ## format, vet and lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags dex ./internal/e2e
	cd tools && $(GO) build -o ../$(BIN)/ tool
	$(BIN)/golangci-lint run ./...

FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

.PHONY: bench
bench: build ## measure on a real Keycloak and on emulators of the others, next to raw calls
	$(KEYCLOAK) $(GO) run ./internal/bench -idpctl $(BIN)/idpctl
	@$(IMPORTS)
# From how many new users on a job is quicker with Auth0, on a virtual clock.
IMPORTS = $(GO) test -count=1 -run '^TestAuth0Imports$$' -v ./internal/e2e

.PHONY: bench-entra
bench-entra: build ## the part of it on Entra ID's emulator, which needs no Keycloak
	$(GO) run ./internal/bench -idpctl $(BIN)/idpctl -only entra

.PHONY: bench-auth0
bench-auth0: build ## the part of it on Auth0's emulator, which needs no Keycloak
	$(GO) run ./internal/bench -idpctl $(BIN)/idpctl -only auth0
	@$(IMPORTS)

.PHONY: generate
generate: ## write the generated pages of docs/
	$(GO) run ./internal/docgen

.PHONY: verify
verify: generate ## fail if something generated or go.mod is not up to date
	$(GO) mod tidy -diff
	cd internal/rendertest && $(GO) mod tidy -diff
	@git diff --exit-code -- docs || { echo "docs/ was not up to date: commit the result of make generate"; exit 1; }
