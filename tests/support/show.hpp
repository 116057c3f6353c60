#pragma once

#include <catch2/catch_tostring.hpp>

#include <corchestra/base/error.hpp>

/// Lets `REQUIRE(r)` take a `result` and show its error when it fails.
template <class T>
struct Catch::StringMaker<boost::system::result<T, corchestra::error>> {
  static std::string convert(const boost::system::result<T, corchestra::error>& r) {
    if (r.has_value()) return "a value";
    return "error " + corchestra::code_name(r.error()) + ": " + r.error().message;
  }
};
