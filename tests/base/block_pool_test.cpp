#include "base/block_pool.hpp"

#include <catch2/catch_test_macros.hpp>

using corchestra::detail::block_pool;

TEST_CASE("a block that came back serves the next of its size, and no other") {
  block_pool pool(true);
  void* const first = pool.allocate(4096);
  pool.deallocate(first, 4096);
  void* const other = pool.allocate(2048);
  CHECK(other != first);
  void* const second = pool.allocate(4096);
  CHECK(second == first);
  pool.deallocate(second, 4096);
  pool.deallocate(other, 2048);
}

TEST_CASE("no more than a few blocks are kept, and all go with their pool") {
  block_pool pool(true);
  std::array<void*, 20> all{};
  for (auto& b : all) b = pool.allocate(4096);
  for (auto* b : all) pool.deallocate(b, 4096);  // AddressSanitizer would tell of a leak
  pool.deallocate(pool.allocate(1), 1);
}
