#include <fcntl.h>
#include <napi.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include "addon_values.h"
#include "engine.h"
#include "failure.h"

// The binding and nothing else: src/native-engine.ts checks types and ranges, so arguments are read here as they come.

namespace sallyport {

namespace {

constexpr size_t kControlPacketsPerCall = 256;

}  // namespace

// new Engine(EngineError, upward, options): `upward(events, control, closed, foreign, fatal, more)` gets what the
// data threads report; its arrays are to be read in this order.
class EngineBinding : public Napi::ObjectWrap<EngineBinding> {
 public:
  static Napi::Function define(Napi::Env env);

  explicit EngineBinding(const Napi::CallbackInfo& info);

 private:
  using Info = const Napi::CallbackInfo&;

  static void deliver(Napi::Env env, Napi::Function upward, EngineBinding* self, void*);
  using Upward = Napi::TypedThreadSafeFunction<EngineBinding, void, &EngineBinding::deliver>;

  Napi::Value listen(Info info);
  Napi::Value statistics(Info info);
  Napi::Value peer_counters(Info info);
  Napi::Value network_counters(Info info);
  Napi::Value stop_tap(Info info);
  Napi::Value counters(Info info);
  Napi::Value capabilities(Info info);
  Napi::Value close(Info info);

  // Runs a verb and turns its failure into the EngineError that JavaScript gave us.
  template <class Verb>
  Napi::Value run(Info info, Verb verb);
  Napi::Error to_error(Napi::Env env, const char* code, const char* message);

  Napi::Value send_control(Info info) {
    return run(info, [&] { engine_->send_control(path_of(info[0]), bytes_of(info[1])); });
  }
  Napi::Value close_stream(Info info) {
    return run(info, [&] { engine_->close_stream(large_number_of(info[0])); });
  }
  Napi::Value admit_stream(Info info) {
    return run(info, [&] { engine_->admit_stream(large_number_of(info[0])); });
  }
  // A call that was queued from within `deliver` would be made before the event loop sees to anything else.
  Napi::Value resume(Info info) {
    return run(info, [&] { upward_.NonBlockingCall(); });
  }
  Napi::Value acquaint(Info info) {
    return run(info, [&] { engine_->acquaint(path_of(info[0])); });
  }
  Napi::Value forget(Info info) {
    return run(info, [&] { engine_->forget(path_of(info[0])); });
  }
  Napi::Value add_network(Info info) {
    return run(info, [&] {
      TunOptions options;
      options.name_space = optional_text(info[1]);
      options.interface_name = info[2].As<Napi::String>();
      engine_->add_network(number_of(info[0]), options, route_by_of(info[3]));
    });
  }
  Napi::Value remove_network(Info info) {
    return run(info, [&] { engine_->remove_network(number_of(info[0])); });
  }
  Napi::Value add_peer(Info info) {
    return run(info, [&] {
      engine_->add_peer({number_of(info[0]), number_of(info[1]), path_of(info[2]),
                         inner_address_of<Ipv4Address>(info[3], AF_INET),
                         inner_address_of<Ipv6Address>(info[4], AF_INET6), inner_prefixes_of(info[5]),
                         static_cast<uint16_t>(number_of(info[6])), segment_limit_of(info[7])});
    });
  }
  Napi::Value set_key(Info info) {
    return run(info,
               [&] { engine_->set_key(number_of(info[0]), slot_of(info[1]), key_material_of(info[2], library_)); });
  }
  Napi::Value swap_keys(Info info) {
    return run(info, [&] { engine_->swap_keys(number_of(info[0])); });
  }
  Napi::Value delete_key(Info info) {
    return run(info, [&] { engine_->delete_key(number_of(info[0]), slot_of(info[1])); });
  }
  Napi::Value set_limits(Info info) {
    return run(info,
               [&] { engine_->set_limits(number_of(info[0]), traffic_rate_of(info[1]), traffic_rate_of(info[2])); });
  }
  Napi::Value set_keepalive(Info info) {
    return run(info, [&] { engine_->set_keepalive(number_of(info[0]), {number_of(info[1]), number_of(info[2])}); });
  }
  Napi::Value start_tap(Info info) {
    return run(info, [&] {
      FileDescriptor file(fcntl(static_cast<int>(number_of(info[1])), F_DUPFD_CLOEXEC, 0));
      if (!file.valid()) throw system_failure("duplicate the file's descriptor", errno);
      const TapSide side = std::string(info[2].As<Napi::String>()) == "inner" ? TapSide::inner : TapSide::outer;
      engine_->start_tap(number_of(info[0]), std::move(file), side, large_number_of(info[3]));
    });
  }
  Napi::Value delete_peer(Info info) {
    return run(info, [&] { engine_->delete_peer(number_of(info[0])); });
  }
  Napi::Value cpu_seconds(Info info) {
    double seconds = 0;
    run(info, [&] { seconds = engine_->cpu_seconds(); });
    return Napi::Number::New(info.Env(), seconds);
  }

  static void on_environment_end(void* self);
  void stop();

  Napi::FunctionReference error_;
  Upward upward_;
  bool stopped_ = false;
  // Given to every key.
  CipherLibrary library_ = CipherLibrary::openssl;
  std::unique_ptr<Engine> engine_;
};

Napi::Function EngineBinding::define(Napi::Env env) {
  return DefineClass(env, "Engine",
                     {InstanceMethod("listen", &EngineBinding::listen),
                      InstanceMethod("sendControl", &EngineBinding::send_control),
                      InstanceMethod("closeStream", &EngineBinding::close_stream),
                      InstanceMethod("admitStream", &EngineBinding::admit_stream),
                      InstanceMethod("resume", &EngineBinding::resume),
                      InstanceMethod("acquaint", &EngineBinding::acquaint),
                      InstanceMethod("forget", &EngineBinding::forget),
                      InstanceMethod("addNetwork", &EngineBinding::add_network),
                      InstanceMethod("removeNetwork", &EngineBinding::remove_network),
                      InstanceMethod("addPeer", &EngineBinding::add_peer),
                      InstanceMethod("setKey", &EngineBinding::set_key),
                      InstanceMethod("swapKeys", &EngineBinding::swap_keys),
                      InstanceMethod("deleteKey", &EngineBinding::delete_key),
                      InstanceMethod("setKeepalive", &EngineBinding::set_keepalive),
                      InstanceMethod("deletePeer", &EngineBinding::delete_peer),
                      InstanceMethod("statistics", &EngineBinding::statistics),
                      InstanceMethod("setLimits", &EngineBinding::set_limits),
                      InstanceMethod("peerCounters", &EngineBinding::peer_counters),
                      InstanceMethod("networkCounters", &EngineBinding::network_counters),
                      InstanceMethod("startTap", &EngineBinding::start_tap),
                      InstanceMethod("stopTap", &EngineBinding::stop_tap),
                      InstanceMethod("counters", &EngineBinding::counters),
                      InstanceMethod("capabilities", &EngineBinding::capabilities),
                      InstanceMethod("cpuSeconds", &EngineBinding::cpu_seconds),
                      InstanceMethod("close", &EngineBinding::close)});
}

EngineBinding::EngineBinding(const Napi::CallbackInfo& info)
    : ObjectWrap(info), error_(Napi::Persistent(info[0].As<Napi::Function>())) {
  run(info, [&] {
    library_ = cipher_library_of(info[2].As<Napi::Object>().Get("cipherLibrary"));
    engine_ = std::make_unique<Engine>([this] { upward_.NonBlockingCall(); }, engine_options_of(info[2]));
  });
  // Its threads call into this object until they are stopped: by close(), or else when the environment ends.
  Ref();
  upward_ = Upward::New(info.Env(), info[1].As<Napi::Function>(), "packet-engine", 0, 1, this,
                        [](Napi::Env, void*, EngineBinding* self) { self->Unref(); });
  napi_add_env_cleanup_hook(info.Env(), &EngineBinding::on_environment_end, this);
}

void EngineBinding::on_environment_end(void* self) { static_cast<EngineBinding*>(self)->stop(); }

// On the JavaScript thread.
void EngineBinding::stop() {
  engine_->stop();
  if (std::exchange(stopped_, true)) return;
  napi_remove_env_cleanup_hook(Env(), &EngineBinding::on_environment_end, this);
  upward_.Release();
}

template <class Verb>
Napi::Value EngineBinding::run(Info info, Verb verb) {
  try {
    verb();
  } catch (const Failure& failure) {
    throw to_error(info.Env(), failure.code(), failure.what());
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw to_error(info.Env(), "system-call-failed", error.what());
  }
  return info.Env().Undefined();
}

Napi::Error EngineBinding::to_error(Napi::Env env, const char* code, const char* message) {
  return Napi::Error(env, error_.New({Napi::String::New(env, code), Napi::String::New(env, message)}));
}

Napi::Value EngineBinding::listen(Info info) {
  Engine::Listening listening;
  const Transport transport = transport_of(info[0]);
  run(info, [&] {
    listening = engine_->listen(transport, end_point_of(info[1], info[2]), info[3].ToBoolean(), dscp_of(info[4]));
  });
  Napi::Object object = to_object(info.Env(), listening.local);
  object["listener"] = listening.listener;
  object["transport"] = name_of(transport);
  return object;
}

Napi::Value EngineBinding::stop_tap(Info info) {
  TapReport report;
  run(info, [&] { report = engine_->stop_tap(number_of(info[0])); });
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("packets", Napi::BigInt::New(info.Env(), report.packets));
  object.Set("missed", Napi::BigInt::New(info.Env(), report.missed));
  object.Set("fileBytes", Napi::BigInt::New(info.Env(), report.file_bytes));
  return object;
}

Napi::Value EngineBinding::statistics(Info info) {
  PeerStatistics statistics;
  run(info, [&] { statistics = engine_->statistics(number_of(info[0])); });
  return to_object(info.Env(), statistics);
}

Napi::Value EngineBinding::peer_counters(Info info) {
  Napi::Object object;
  run(info, [&] {
    object = to_object(info.Env(), engine_->statistics(number_of(info[0])));
    object["drops"] = drops_to_object(info.Env(), engine_->peer_drops(number_of(info[0])));
  });
  return object;
}

Napi::Value EngineBinding::network_counters(Info info) {
  Napi::Object object;
  run(info, [&] {
    object = to_object(info.Env(), engine_->network_statistics(number_of(info[0])));
    object["drops"] = drops_to_object(info.Env(), engine_->network_drops(number_of(info[0])));
  });
  return object;
}

Napi::Value EngineBinding::counters(Info info) {
  Napi::Object object = Napi::Object::New(info.Env());
  for (size_t i = 0; i < kCounterNames.size(); ++i) {
    object[kCounterNames[i]] = Napi::BigInt::New(info.Env(), engine_->counters().read(i));
  }
  return object;
}

Napi::Value EngineBinding::capabilities(Info info) {
  Capabilities capabilities;
  run(info, [&] { capabilities = engine_->capabilities(); });
  Napi::Object object = Napi::Object::New(info.Env());
  object["segmentation"] = capabilities.segmentation;
  object["receiveOffload"] = capabilities.receive_offload;
  object["tunOffload"] = kTunOffloadNames[static_cast<size_t>(capabilities.tun_offload)];
  object["dataThreads"] = engine_->data_threads();
  object["cipherLibrary"] = kCipherLibraryNames[static_cast<size_t>(library_)];
  return object;
}

// Joining threads and deleting many TUN devices takes the kernel a while, so it is done off the JavaScript thread.
class StopWorker : public Napi::AsyncWorker {
 public:
  StopWorker(Napi::Env env, Engine& engine, std::function<void()> stopped)
      : AsyncWorker(env), engine_(engine), stopped_(std::move(stopped)), deferred_(env) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { engine_.stop(); }
  void OnOK() override {
    stopped_();
    deferred_.Resolve(Env().Undefined());
  }

 private:
  Engine& engine_;
  std::function<void()> stopped_;
  Napi::Promise::Deferred deferred_;
};

Napi::Value EngineBinding::close(Info info) {
  auto worker = std::make_unique<StopWorker>(info.Env(), *engine_, [this] { stop(); });
  const Napi::Promise promise = worker->promise();
  worker.release()->Queue();
  return promise;
}

// On the JavaScript thread, for every wake of the upward queue and every `resume`.
void EngineBinding::deliver(Napi::Env env, Napi::Function upward, EngineBinding* self, void*) {
  // A call that was still queued when the environment ended has no environment to run in.
  if (env == nullptr) return;
  UpwardQueue::Batch batch = self->engine_->take(kControlPacketsPerCall);
  const Napi::Value fatal =
      batch.fatal ? self->to_error(env, "engine-stopped", batch.fatal->c_str()).Value() : env.Undefined();
  Napi::Array events = to_array(env, batch.events);
  for (const auto& moved : batch.floats) events[events.Length()] = to_object(env, moved);
  upward.Call({events, to_array(env, batch.control), to_array(env, batch.closed), to_array(env, batch.foreign), fatal,
               Napi::Boolean::New(env, batch.more)});
}

}  // namespace sallyport

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports["Engine"] = sallyport::EngineBinding::define(env);
  Napi::Array names = Napi::Array::New(env, sallyport::kCounterNames.size());
  for (size_t i = 0; i < sallyport::kCounterNames.size(); ++i) {
    names[static_cast<uint32_t>(i)] = sallyport::kCounterNames[i];
  }
  exports["counterNames"] = names;
  exports["peerDropNames"] = sallyport::drop_names(env, sallyport::kPeerDrops);
  exports["networkDropNames"] = sallyport::drop_names(env, sallyport::kNetworkDrops.size());
  return exports;
}

NODE_API_MODULE(packet_engine, initialize)
