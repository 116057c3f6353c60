#include "../../lib/pch/async.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>
#include <corchestra/async/awaitable.hpp>
#include <corchestra/core/event.hpp>
#include <corchestra/core/plan.hpp>
#include <rapidcheck.h>

#include "show.hpp"

#ifdef __clang__
// As in lib/pch/pure.hpp.
inline void instantiate_often_used_in_tests(boost::asio::io_context& io, const nlohmann::json& j, const std::string& text) {
  const boost::asio::any_io_executor executor = io.get_executor();
  CHECK(static_cast<bool>(executor));
  CHECK(j == j);
  CHECK(j == 1);
  CHECK(j == text);
  CHECK(j["text"] == "text");
  CHECK(j.at("text") == "text");
  CHECK(j.is_null());
  CHECK(text == "text");
  CHECK(text == text);
  CHECK(text.size() == 1);
  CHECK(text.size() == text.size());
  CHECK_FALSE(j.empty());
  CHECK(1 == static_cast<int>(text.size()));
}
#endif
