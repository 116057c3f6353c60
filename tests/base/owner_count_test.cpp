#include "base/owner_count.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

using corchestra::detail::owner_count;

namespace {

struct counted : owner_count<counted> {
  explicit counted(int& g) : gone(g) {}
  ~counted() { ++gone; }
  int& gone;
};

using pointer = boost::intrusive_ptr<counted>;

}  // namespace

TEST_CASE("what is counted goes with its last owner, and not before") {
  int gone = 0;
  pointer first(new counted(gone));
  {
    const pointer second = first;
    pointer third = second;
    first.reset();
    pointer fourth = std::move(third);
    CHECK(gone == 0);
  }
  CHECK(gone == 1);
}

TEST_CASE("owners on several threads lose no count, whoever was there before the threads") {
  int gone = 0;
  {
    const pointer shared(new counted(gone));
    std::vector<pointer> before(100, shared);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([own = shared] {
        for (int n = 0; n < 10'000; ++n) const pointer copy = own;
      });
    }
    before.clear();
    for (auto& t : threads) t.join();
    CHECK(gone == 0);
  }
  CHECK(gone == 1);
}
