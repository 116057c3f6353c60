#include "batch/file_hash.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/temp_dir.hpp"

using corchestra::batch::file_hash;
using corchestra::tests::temp_dir;

TEST_CASE("a file's hash is what xxhsum -H128 says, however its bytes come") {
  CHECK(file_hash().hex() == "99aa06d3014798d86001c324468d497f");
  file_hash pieces;
  pieces.add("a");
  pieces.add("bc");
  CHECK(pieces.hex() == "06b05ab6733a618578af5f94892f3950");
  std::string digits;
  for (int i = 0; i < 100'000; ++i) digits += static_cast<char>('0' + i % 10);
  const temp_dir dir;
  CHECK(file_hash::of(dir.write("digits", digits)).value() == "8f687fa3a23517fdf864ed958daf788a");
  CHECK(file_hash::of(dir.path() / "none").has_error());
}
