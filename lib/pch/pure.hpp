#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <boost/system/result.hpp>
#include <nlohmann/json.hpp>

#ifdef __clang__  // only Clang instantiates with the header (-fpch-instantiate-templates)
// What most sources would instantiate anew, and is instantiated with this header instead: a tenth of their time. Nothing calls it.
inline bool instantiate_often_used(nlohmann::json& j, nlohmann::ordered_json& o, const std::string& text) {
  using nlohmann::json, nlohmann::ordered_json;
  j = json{{"number", 1}, {"text", text}, {"view", std::string_view(text)}, {"list", json::array()}, {"real", 1.0}, {"yes", true}};
  o = ordered_json{{"number", 1}, {"text", text}, {"view", std::string_view(text)}, {"list", ordered_json::array()}, {"real", 1.0}, {"yes", true}};
  j["number"] = std::size_t{1};
  o["number"] = std::size_t{1};
  o["copy"] = j;
  o.push_back(text);
  std::vector<json> all{j};
  for (const auto& [key, value] : j.items()) all.push_back(value);
  std::map<std::string, json, std::less<>> by_name;
  by_name[text] = j;
  const std::optional<json> maybe = j;
  const std::optional<ordered_json> perhaps = o;
  const std::optional<std::chrono::milliseconds> time;
  const std::function<void()> function;
  return maybe || perhaps || time || function || j == json() || o == ordered_json() || j == text || j == "text" || j == 1 || j == true ||
         j.value("text", text) == text || j.get<std::string>() == text || j.dump() == o.dump() || j.contains(text);
}
#endif
