#include "ipsec_mb.h"

#ifdef SALLYPORT_IPSEC_MB
#include <dlfcn.h>
#include <intel-ipsec-mb.h>

#include <memory>
#include <optional>
#endif

namespace sallyport {

#ifdef SALLYPORT_IPSEC_MB

namespace {

static_assert(sizeof(gcm_key_data) <= kExpandedKeyBytes && alignof(gcm_key_data) <= kExpandedKeyAlignment);
static_assert(sizeof(gcm_context_data) <= kScratchBytes);

constexpr const char* kFileName = "libIPSec_MB.so.1";
constexpr uint64_t kNeeded = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_SELF_TEST_PASS;
// The last number of a release does not change structures.
constexpr unsigned kPatchBits = 8;

template <class Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  return function != nullptr;
}

// The library is never unloaded.
std::optional<IpsecMb> load() {
  void* library = dlopen(kFileName, RTLD_NOW | RTLD_LOCAL);
  decltype(imb_get_version)* version;
  decltype(alloc_mb_mgr)* allocate;
  decltype(init_mb_mgr_auto)* initialize;
  decltype(free_mb_mgr)* release;
  if (library == nullptr || !find(library, "imb_get_version", version) || !find(library, "alloc_mb_mgr", allocate) ||
      !find(library, "init_mb_mgr_auto", initialize) || !find(library, "free_mb_mgr", release)) {
    return std::nullopt;
  }
  if (version() >> kPatchBits != IMB_VERSION_NUM >> kPatchBits) return std::nullopt;
  const std::unique_ptr<IMB_MGR, decltype(release)> manager(allocate(0), release);
  if (!manager) return std::nullopt;
  initialize(manager.get(), nullptr);
  if ((manager->features & kNeeded) != kNeeded) return std::nullopt;
  return IpsecMb{{manager->gcm128_pre, manager->gcm128_enc, manager->gcm128_dec},
                 {manager->gcm256_pre, manager->gcm256_enc, manager->gcm256_dec}};
}

}  // namespace

const IpsecMb* ipsec_mb() {
  static const std::optional<IpsecMb> loaded = load();
  return loaded ? &*loaded : nullptr;
}

#else

const IpsecMb* ipsec_mb() { return nullptr; }

#endif

}  // namespace sallyport
