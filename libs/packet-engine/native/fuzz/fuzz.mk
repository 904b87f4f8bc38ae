# Included by the Makefile.
#
# fuzz    $(BUILD)/fuzz/NAME for each fuzz/NAME_fuzz.cc: libFuzzer with sanitizers; needs clang and its runtime.
# replay  runs every input of the committed corpora through the same targets, built by $(CXX) with sanitizers.
# differential  $(BUILD)/differential, also with sanitizers: does by order what the engine does with packets.
CLANG ?= clang++
CORPORA := ../../../test/corpora

FUZZ_NAMES := $(patsubst fuzz/%_fuzz.cc,%,$(wildcard fuzz/*_fuzz.cc))
FUZZ_OBJECTS := $(patsubst %.cc,$(BUILD)/fuzz/%.o,$(CORE))
REPLAY_OBJECTS := $(patsubst %.cc,$(BUILD)/asan/%.o,$(CORE) fuzz/replay.cc)
FUZZ_SANITIZE := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

define A_TARGET
extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }
endef
export A_TARGET

.PHONY: fuzz libfuzzer replay differential
libfuzzer:
	@echo "$$A_TARGET" | $(CLANG) -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null || \
	{ echo 'libFuzzer is missing: apt-get install -y clang libclang-rt-14-dev' >&2; exit 1; }

fuzz: $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)

replay: $(FUZZ_NAMES:%=replay-%)

replay-%: $(BUILD)/replay/%
	$(abspath $<) $(CORPORA)/$*

$(BUILD)/fuzz/%: $(BUILD)/fuzz/fuzz/%_fuzz.o $(FUZZ_OBJECTS)
	$(CLANG) -pthread $(FUZZ_SANITIZE) -o $@ $^ -l:libcrypto.so.3

$(BUILD)/replay/%: $(BUILD)/asan/fuzz/%_fuzz.o $(REPLAY_OBJECTS)
	@mkdir -p $(@D)
	$(CXX) -pthread $(SANITIZE) -o $@ $^ -l:libcrypto.so.3

$(BUILD)/fuzz/%.o: %.cc | libfuzzer
	@mkdir -p $(@D)
	$(CLANG) $(CXXFLAGS) $(FUZZ_SANITIZE) -I. -c -o $@ $<

DIFFERENTIAL := $(BUILD)/asan/test/differential/differential.o
differential: $(BUILD)/differential
$(BUILD)/differential: $(DIFFERENTIAL) $(patsubst %.cc,$(BUILD)/asan/%.o,$(CORE))
	$(CXX) -pthread $(SANITIZE) -o $@ $^ -l:libcrypto.so.3

.SECONDARY: $(FUZZ_NAMES:%=$(BUILD)/fuzz/fuzz/%_fuzz.o) $(FUZZ_NAMES:%=$(BUILD)/asan/fuzz/%_fuzz.o)
-include $(FUZZ_OBJECTS:.o=.d) $(REPLAY_OBJECTS:.o=.d) $(FUZZ_NAMES:%=$(BUILD)/fuzz/fuzz/%_fuzz.d)
-include $(FUZZ_NAMES:%=$(BUILD)/asan/fuzz/%_fuzz.d) $(DIFFERENTIAL:.o=.d)
