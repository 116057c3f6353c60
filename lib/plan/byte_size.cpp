#include "plan/byte_size.hpp"

#include <charconv>
#include <cmath>

namespace corchestra::plan_file {

namespace {

constexpr double most = 1e15;

std::optional<double> parse_size(std::string_view text) {
  double amount = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (problem != std::errc()) return std::nullopt;
  const std::string_view unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  for (const auto& [name, factor] : {std::pair{std::string_view("KiB"), 1024.0},
                                     std::pair{std::string_view("MiB"), 1024.0 * 1024},
                                     std::pair{std::string_view("GiB"), 1024.0 * 1024 * 1024},
                                     std::pair{std::string_view("KB"), 1e3},
                                     std::pair{std::string_view("MB"), 1e6},
                                     std::pair{std::string_view("GB"), 1e9}}) {
    if (unit == name) return amount * factor;
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t read_byte_size(const field& f, std::uint64_t least) {
  const json& v = f.value().value;
  std::optional<double> bytes;
  if (v.is_number_integer() && v.get<double>() >= 0) bytes = v.get<double>();
  if (f.is_text()) bytes = parse_size(trim(v.get_ref<const std::string&>()));
  if (bytes && *bytes >= static_cast<double>(least) && *bytes <= most) return static_cast<std::uint64_t>(std::llround(*bytes));
  f.expected(concat("a size of at least ", least, " bytes, such as 512MiB"));
  return least;
}

}  // namespace corchestra::plan_file
