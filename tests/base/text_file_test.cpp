#include "base/text_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/temp_dir.hpp"

using namespace corchestra;
using detail::read_text_file;

TEST_CASE("a text file is read whole, without a byte order mark") {
  const tests::temp_dir folder;
  CHECK(read_text_file(folder.write("a", "\xef\xbb\xbfone\ntwo"), 100).value() == "one\ntwo");
  CHECK(read_text_file(folder.write("b", ""), 0).value().empty());
  CHECK(read_text_file(folder.write("c", std::string(100'000, 'x')), 100'000).value().size() == 100'000);
}

TEST_CASE("a file beyond its limit is not read to its end, and one that cannot be read says why") {
  const tests::temp_dir folder;
  const auto endless = read_text_file("/dev/zero", 1000);
  REQUIRE(endless.has_error());
  CHECK(endless.error().is(errc::too_large));
  CHECK(endless.error().message == "'/dev/zero' is larger than 1000 bytes");
  CHECK(read_text_file(folder.path(), 1000).error().message ==
        "cannot read '" + folder.path().string() + "': it is a folder");
  CHECK(read_text_file(folder.path() / "none", 1000).error().message ==
        "cannot read '" + folder.file("none") + "': No such file or directory");
}
