#include "core/record_store.hpp"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <vector>

using corchestra::detail::record_store;

namespace {

struct counted {
  explicit counted(int& count) : alive(&count) { ++count; }
  counted(const counted&) = delete;
  ~counted() { --*alive; }
  int* alive;
};

struct record {
  std::size_t number = 0;
  std::unique_ptr<counted> owned;
};

// Of so many, in a store with room for `room`.
void fill(record_store<record>& store, std::size_t count, std::size_t room, int& alive) {
  store.make_room(room);
  std::vector<record*> places;
  for (std::size_t i = 0; i < count; ++i) {
    places.push_back(&store.emplace_back());
    places.back()->number = i;
    places.back()->owned = std::make_unique<counted>(alive);
  }
  REQUIRE(store.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(&store[i] == places[i]);
    CHECK(store[i].number == i);
    CHECK(store.holds(i));
  }
  CHECK_FALSE(store.holds(count));
  CHECK(alive == static_cast<int>(count));
}

}  // namespace

TEST_CASE("records never move and all end with their store, in its row and in blocks behind it") {
  for (const std::size_t room : {0u, 5u, 8u, 9u, 100u}) {
    for (const std::size_t count : {0u, 1u, 8u, 9u, 50u, 200u}) {
      int alive = 0;
      {
        record_store<record> store;
        fill(store, count, room, alive);
      }
      CHECK(alive == 0);
    }
  }
}

TEST_CASE("the memory of forgotten records goes block by block") {
  int alive = 0;
  record_store<record> store;
  fill(store, 40, 0, alive);
  for (std::size_t i = 0; i < 24; ++i) {
    store[i].owned.reset();
    store.forget(i);
  }
  CHECK(store.holds(7));  // the first few stay
  CHECK_FALSE(store.holds(8));
  CHECK_FALSE(store.holds(23));
  CHECK(store.holds(24));
  CHECK(store[24].number == 24);
}

TEST_CASE("a store that is told that no record owns anything looks at none in its row") {
  struct told {
    ~told() {
      if (gone != nullptr) ++*gone;
    }
    int* gone = nullptr;
  };
  int gone = 0;
  const auto end = [&gone](bool leaves) {
    record_store<told> store;
    for (int i = 0; i < 6; ++i) store.emplace_back().gone = &gone;
    if (leaves) store.leave();
  };
  end(true);
  CHECK(gone == 0);
  end(false);
  CHECK(gone == 6);
}
