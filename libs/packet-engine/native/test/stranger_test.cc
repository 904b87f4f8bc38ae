#include <sys/resource.h>

#include "check.h"
#include "stream_fixture.h"

using namespace stream_fixture;

namespace {

void lift_descriptor_limit() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

TEST("streams: a stranger has 60 s whatever it sends, an admitted stream 90 s from its last packet") {
  Setup setup;
  const Connection silent = setup.connect();
  const Connection half = setup.connect();
  const Connection junk = setup.join();
  const Connection guest = setup.join();
  const Connection talks = setup.join();
  const Connection member = setup.join();
  setup.streams.admit(4);
  setup.streams.admit(5);
  setup.streams.attach(6, 1);
  setup.streams.admit(6);
  setup.streams.admit(99);
  const auto say = [&](int i) {
    half.send({kReset.begin() + i, kReset.begin() + i + 1});
    junk.send(framed({0x20}));
    talks.send(framed({0x20}));
    guest.send(framed({0xDD}));
    setup.pump();
  };
  for (int i = 0; i < 6; ++i) say(i), setup.streams.tick(10);
  CHECK(silent.open() && half.open() && junk.open());
  setup.streams.tick(1);
  CHECK(silent.ended() && half.ended() && junk.ended());
  for (int i = 6; i < 9; ++i) say(i), setup.streams.tick(i < 8 ? 10 : 9);
  CHECK(guest.open());
  setup.streams.tick(1);
  CHECK(guest.ended() && talks.open() && member.open());
  CHECK(setup.count(Counter::streamsIdle) == 4);
  const auto closed = setup.closed();
  CHECK(closed.size() == 2 && closed.at(0).path.stream == 3 && closed.at(1).path.stream == 4);
  CHECK(closed.at(1).reason == CloseReason::idle);
  setup.streams.detach(6, 2);
  setup.streams.tick(100);
  CHECK(talks.ended() && member.open());
  setup.streams.detach(6, 1);
  setup.streams.tick(91);
  CHECK(member.ended());
}

TEST("streams: what strangers from one address send leaves room for others, and their own oldest make way") {
  lift_descriptor_limit();
  Setup setup;
  std::vector<Connection> junk;
  for (size_t i = 0; i < StreamTable::kStrangers + 100; ++i) {
    junk.push_back(setup.join());
    setup.upward.take(4096);
  }
  CHECK(setup.count(Counter::dropStreamLimit) == 0);
  const size_t displaced = junk.size() - OriginTable::kStreams;
  CHECK(setup.count(Counter::dropStreamOriginLimit) == displaced);
  CHECK(junk[displaced - 1].ended() && junk[displaced].open());
  const Connection honest = setup.join("127.0.0.2");
  CHECK(honest.open() && junk[displaced].open());
  // Whoever is admitted is no stranger any more: the next one takes nobody's place.
  const uint64_t admitted = displaced + 1;
  setup.streams.admit(admitted);
  const Connection next = setup.join();
  CHECK(setup.count(Counter::dropStreamOriginLimit) == displaced && junk[displaced].open());
}

TEST("streams: of many strangers the oldest makes way, and its end is reported; who is admitted stays") {
  lift_descriptor_limit();
  Setup setup;
  const Connection member = setup.join();
  const Connection guest = setup.join();
  setup.streams.attach(1, 9);
  setup.streams.admit(2);
  std::vector<Connection> junk;
  for (size_t i = 0; i < StreamTable::kStrangers; ++i) {
    junk.push_back(setup.join("127.0.1." + std::to_string(1 + i % 64)));
  }
  CHECK(setup.count(Counter::dropStreamLimit) == 0);
  const Connection honest = setup.join("127.0.2.1");
  CHECK(setup.count(Counter::dropStreamLimit) == 1 && setup.count(Counter::dropStreamOriginLimit) == 0);
  CHECK(junk[0].ended() && junk[1].open() && honest.open() && guest.open() && member.open());
  const auto closed = setup.closed();
  CHECK(closed.size() == 1 && closed.at(0).path.stream == 3 && closed[0].reason == CloseReason::idle);

  // A stream that is about to go anyway goes first.
  setup.streams.close_when_sent(4);
  const Connection another = setup.join("127.0.2.2");
  const Connection one_more = setup.join("127.0.2.3");
  CHECK(setup.count(Counter::dropStreamLimit) == 2 && junk[2].ended() && junk[3].open() && one_more.open());
}

TEST("streams: an origin is an IPv4 address, mapped or not, or the /64 of an IPv6 address") {
  const auto origin = [](const char* address) { return EndPoint::parse(address, 1)->origin(); };
  CHECK(origin("192.0.2.1") == EndPoint::parse("192.0.2.1", 1)->for_family(AF_INET6)->origin());
  CHECK(origin("192.0.2.1") != origin("192.0.2.2"));
  CHECK(origin("2001:db8:1:2::1") == origin("2001:db8:1:2:ffff::9"));
  CHECK(origin("2001:db8:1:2::1") != origin("2001:db8:1:3::1"));
}
