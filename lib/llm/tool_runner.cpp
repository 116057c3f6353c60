#include "llm/tool_runner.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include <corchestra/async/gather.hpp>
#include <corchestra/async/time_service.hpp>
#include <corchestra/async/timeout.hpp>
#include <corchestra/base/text.hpp>

namespace corchestra::llm {

namespace {
constexpr std::size_t max_error_bytes = 4096;
}

std::string bounded_output(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  const std::size_t size = text.size();
  text.resize(end);
  return text += concat("\n[cut: the first ", end, " of ", size, " bytes]");
}

tool_runner::tool_runner(tool_set tools, tool_loop_options options)
    : tools_(std::move(tools)), options_(std::move(options)), slots_(std::max<std::size_t>(1, options_.max_parallel)) {}

tool_runner::planned tool_runner::plan(tool_call call) const {
  planned p;
  p.call = std::move(call);
  p.entry = tools_.find(p.call.name);
  const auto refuse = [&](tool_outcome why, std::string message) {
    p.refused = tool_call_end{why, {}, 0, std::move(message)};
    return p;
  };
  if (!p.entry)
    return refuse(tool_outcome::unknown_tool,
                  concat("there is no tool ", quote(p.call.name), "; there are: ", join(tools_.names(), ", ")));
  if (trim(p.call.arguments).empty()) {
    p.arguments = json::object();
  } else {
    auto parsed = parse_json(p.call.arguments);
    if (!parsed)
      return refuse(tool_outcome::invalid_arguments, concat("the arguments are not JSON: ", parsed.error().message));
    p.arguments = std::move(*parsed);
  }
  if (const auto valid = p.entry->schema.validate(p.arguments); !valid)
    return refuse(tool_outcome::invalid_arguments,
                  concat("the arguments do not match the tool's schema: ", valid.error().message));
  return p;
}

awaitable<tool_call_end> tool_runner::execute(planned p, std::string& output) {
  const auto executor = co_await asio::this_coro::executor;
  time_service& clock = time_service::of(executor);
  const tool& t = p.entry->tool;
  const time_point begin = clock.now();
  result<json> value = fail(errc::internal, "not called");
  std::exception_ptr thrown;
  try {
    value = co_await timeout<json>(t.timeout, concat("the tool ", quote(t.name)),
                                   [&t, arguments = p.arguments] { return t.call(arguments); });
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) std::rethrow_exception(thrown);
    value = error_from_exception(thrown);
  }
  tool_call_end end{tool_outcome::ok, clock.now() - begin, 0, {}};
  if (value) {
    output = to_text(*value);
    end.output_bytes = output.size();
  } else {
    end.outcome = value.error().is(errc::timeout) ? tool_outcome::timeout : tool_outcome::failed;
    end.message = value.error().message;
  }
  co_return end;
}

awaitable<std::string> tool_runner::run_one(planned p, int step) {
  const auto executor = co_await asio::this_coro::executor;
  time_service& clock = time_service::of(executor);
  const tool_call call = p.call;
  std::size_t most = p.entry ? p.entry->tool.max_output_bytes : 0;
  result<semaphore::permit> permit = semaphore::permit();
  if (!p.refused) permit = co_await slots_.acquire();
  if (options_.on_start) options_.on_start(call, step);
  std::string output;
  tool_call_end end;
  if (p.refused) {
    end = std::move(*p.refused);
  } else {
    const time_point begin = clock.now();
    std::exception_ptr stopped;
    try {
      end = co_await execute(std::move(p), output);
    } catch (...) {
      stopped = std::current_exception();
    }
    if (stopped) {
      if (options_.on_end) options_.on_end(call, step, {tool_outcome::cancelled, clock.now() - begin, 0, {}});
      std::rethrow_exception(stopped);
    }
  }
  if (options_.on_end) options_.on_end(call, step, end);
  if (end.outcome != tool_outcome::ok) {
    output = concat("Error: ", end.message);
    most = max_error_bytes;
  }
  co_return bounded_output(std::move(output), most);
}

awaitable<result<std::vector<chat_message>>> tool_runner::run(std::vector<tool_call> calls, int step) {
  std::vector<planned> all;
  for (const tool_call& call : calls) {
    planned p = plan(call);
    if (!p.refused && p.entry->tool.requires_approval) {
      result<bool> approved = false;
      if (options_.approve) approved = co_await options_.approve(p.call);
      if (!approved) co_return approved.error();
      if (!*approved)
        p.refused = tool_call_end{tool_outcome::refused,
                                  {},
                                  0,
                                  options_.approve ? "a person has refused this call"
                                                   : "this call needs a person's approval, and nobody can be asked"};
    }
    all.push_back(std::move(p));
  }
  std::vector<std::function<awaitable<std::string>()>> work;
  for (planned& p : all) work.push_back([this, p, step] { return run_one(p, step); });
  auto outputs = co_await gather<std::string>(std::move(work));
  std::vector<chat_message> messages;
  for (std::size_t i = 0; i < calls.size(); ++i)
    messages.push_back({role::tool, std::move(outputs[i]), {}, calls[i].id});
  co_return messages;
}

}  // namespace corchestra::llm
