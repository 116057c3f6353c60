#include "batch/result_line.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include <corchestra/base/json.hpp>
#include <corchestra/base/text.hpp>

#include "base/json_string.hpp"

namespace corchestra::batch {

namespace {

using corchestra::detail::append_json_string;

constexpr std::string_view begin = R"({"id":"batch_req_)";

// Below a space, JSON text has line breaks and tabs only, and those only between its values.
void append_on_one_line(std::string& out, std::string_view body) {
  const std::size_t from = out.size();
  out += body;
  for (char& c : std::span(out).subspan(from)) c = static_cast<char>(std::max<unsigned char>(c, ' '));
}

void append_response(std::string& out, const llm::api_reply& reply) {
  if (reply.status == 0) {
    out += "null";
    return;
  }
  out += R"({"status_code":)";
  detail::append_text(out, reply.status);
  out += R"(,"request_id":)";
  append_json_string(out, reply.request_id);
  out += R"(,"body":)";
  constexpr std::size_t kept = 64u << 10;
  if (!reply.failure || (reply.body.size() <= kept && json::accept(reply.body))) {
    append_on_one_line(out, reply.body);
  } else {
    out += dump_json(json(std::string_view(reply.body).substr(0, kept)));
  }
  out += '}';
}

}  // namespace

void append_result_line(std::string& out, const request_line& request, const llm::api_reply& reply) {
  out += begin;
  detail::append_text(out, request.index);
  out += R"(","custom_id":)";
  append_json_string(out, request.custom_id);
  out += R"(,"response":)";
  append_response(out, reply);
  if (!reply.failure) {
    out += R"(,"error":null})";
    return;
  }
  out += R"(,"error":{"code":)";
  append_json_string(out, code_name(*reply.failure));
  out += R"(,"message":)";
  append_json_string(out, reply.failure->message);
  out += "}}";
}

std::optional<std::uint64_t> index_of_result(std::string_view line) noexcept {
  if (!line.starts_with(begin)) return std::nullopt;
  line.remove_prefix(begin.size());
  std::uint64_t index = 0;
  const auto [end, failed] = std::from_chars(line.data(), line.data() + line.size(), index);
  if (failed != std::errc() || end == line.data() + line.size() || *end != '"') return std::nullopt;
  return index;
}

}  // namespace corchestra::batch
