#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <corchestra/base/json.hpp>
#include <corchestra/net/http.hpp>

namespace corchestra::tests {

/// Why a server refuses a request.
enum class trouble : std::uint8_t {
  wrong_key,
  unknown_model,
  too_long,
  overloaded,
  quota,
  filtered,
  bad_parameter,  ///< `logit_bias`
  limit_name,     ///< the bound of the answer is called otherwise here
  schema,         ///< of a model with less support
  tool_choice,
  json_object,
};

struct refusal {
  int status = 400;
  std::string body;
  net::http_headers headers;
};

/// What a server does with a part of a request.
enum class takes : std::uint8_t { it, silently_not, no };

/// Where the usage of a stream comes.
enum class usage_place : std::uint8_t { own_chunk, last_choice, every_chunk };

/// How one server behaves on the wire: what dialect_server imitates. `old` is a second model of it with less support.
struct dialect {
  std::string name;
  std::string path = "/v1", query;
  std::string key_header;  ///< empty: a bearer token
  bool checks_key = true;
  std::string model = "m";  ///< as it is named in replies
  std::string limit_name;   ///< the only name that it takes for the bound of the answer; empty: any

  takes old_schema = takes::no, old_tool_choice = takes::it, old_json_object = takes::it;
  takes json_object = takes::it;
  bool named_choice = true;  ///< a named tool is forced; false: it is left to the model

  usage_place usage = usage_place::own_chunk;
  std::string reasoning;     ///< the member's name; empty: it shows none
  bool whole_calls = false;  ///< a streamed call of a tool comes in one piece
  bool ids_in_every_piece = false;
  std::string call_id = "call_%";  ///< `%`: a number
  std::string finish_of_calls = "tool_calls";
  json beside_calls = nullptr;      ///< the content
  std::optional<json> prelude;      ///< a chunk before all others
  json in_chunks = json::object();  ///< further members of each
  json in_replies = json::object();
  std::string ping;     ///< a comment line before the first token
  bool closes = false;  ///< every reply ends its connection
  net::http_headers headers;
  /// Absent: it has no such refusal.
  std::function<std::optional<refusal>(trouble)> refuse;
};

}  // namespace corchestra::tests
