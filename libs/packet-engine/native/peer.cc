#include "peer.h"

namespace sallyport {

DataKey* Peer::key(uint8_t key_id) const {
  if (primary && primary->key_id() == key_id) return primary.get();
  if (secondary && secondary->key_id() == key_id) return secondary.get();
  return nullptr;
}

void Peer::set_key(Slot at, std::unique_ptr<DataKey>& key) {
  key->set_generation(++generations);
  slot(at).swap(key);
}

}  // namespace sallyport
