#include <algorithm>
#include <chrono>
#include <optional>

#include <corchestra/agents/llm_agent.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/cost.hpp>
#include <corchestra/llm/json_text.hpp>
#include <corchestra/plan/reference.hpp>

#include "agents/strict_schema.hpp"
#include "agents/task_input.hpp"

namespace corchestra {

namespace {

constexpr double most_progress = 0.95;  // the rest is the end of the answer

// The task's own options over the agent's.
result<void> apply_options(llm::chat_request& request, const task_call& task, bool model_forced) {
  if (task.options.is_null()) return {};
  const auto bad = [&](std::string_view name, std::string_view expected) {
    return fail(errc::invalid_argument, concat("task ", quote(task.id), ": options.", name, ": expected ", expected),
                retry_class::terminal);
  };
  if (!task.options.is_object())
    return fail(errc::invalid_argument, concat("task ", quote(task.id), ": options: expected an object"),
                retry_class::terminal);
  if (const auto m = task.options.find("model"); m != task.options.end()) {
    if (!m->is_string()) return bad("model", "text");
    if (!model_forced) request.model = m->get<std::string>();
  }
  if (const auto t = task.options.find("temperature"); t != task.options.end()) {
    if (!t->is_number()) return bad("temperature", "a number");
    request.temperature = t->get<double>();
  }
  if (const auto n = task.options.find("max_tokens"); n != task.options.end()) {
    if (!n->is_number_integer() || n->get<std::int64_t>() <= 0) return bad("max_tokens", "a positive integer");
    request.max_tokens = n->get<std::int64_t>();
  }
  return {};
}

class llm_agent final : public agent {
 public:
  llm_agent(std::shared_ptr<llm::chat_model> model, llm_agent_options options,
            std::shared_ptr<const json_schema> schema)
      : model_(std::move(model)), options_(std::move(options)), schema_(std::move(schema)) {}

  awaitable<result<task_output>> run(task_context context) override {
    const auto schema = schema_for(context.task());
    if (!schema) co_return schema.error();
    auto request = make_request(context, schema->get());
    if (!request) co_return request.error();

    auto reply = co_await ask(context, *request);
    if (!reply) co_return reply.error();
    if (!*schema) {
      if (reply->finish == llm::finish_reason::length) context.warn("the answer was cut at max_tokens");
      co_return task_output(std::move(reply->message.content));
    }
    auto value = read_answer(*reply, **schema, request->max_tokens);
    if (!value && value.error().is(errc::schema_mismatch)) {
      context.warn(concat("the answer was refused and asked for once more: ", one_line(value.error().message, 500)));
      request->messages.push_back({llm::role::assistant, std::move(reply->message.content)});
      request->messages.push_back({llm::role::user, concat("Your answer cannot be used: ", value.error().message,
                                                           "\nAnswer again with the corrected JSON value only.")});
      reply = co_await ask(context, *request);
      if (!reply) co_return reply.error();
      value = read_answer(*reply, **schema, request->max_tokens);
      if (!value) co_return in_place(value.error(), "after one correction");
    }
    if (!value) co_return value.error();
    co_return detail::to_task_output(std::move(*value));
  }

 private:
  using shared_schema = std::shared_ptr<const json_schema>;

  // The task's own, which is what the engine will check, else the agent's; null: text.
  result<shared_schema> schema_for(const task_call& task) const {
    if (!task.rules || task.rules->output_schema.is_null()) return schema_;
    auto compiled = json_schema::compile(task.rules->output_schema);
    if (!compiled) return in_place(compiled.error(), concat("task ", quote(task.id), ": output_schema"));
    return shared_schema(std::make_shared<json_schema>(std::move(*compiled)));
  }

  result<llm::chat_request> make_request(const task_context& context, const json_schema* schema) const {
    detail::task_input input(context, options_.inputs);
    if (const auto filled = input.resolve_context(); !filled) return filled.error();
    auto prompt = input.prompt(options_.prompt);
    if (!prompt) return prompt.error();

    llm::chat_request request;
    request.model = options_.model;
    request.temperature = options_.temperature;
    request.max_tokens = options_.max_tokens;
    if (const auto applied = apply_options(request, context.task(), options_.model_forced); !applied)
      return applied.error();
    if (!options_.system.empty()) request.messages.push_back({llm::role::system, options_.system});
    if (schema) {
      *prompt += concat("\n\nAnswer with one JSON value only, without any other text, that matches this JSON Schema:\n",
                        llm::json_block(schema->source()));
      request.output = llm::output_schema{"output", schema->source(), detail::is_strict_schema(schema->source())};
    }
    request.messages.push_back({llm::role::user, std::move(*prompt)});
    return request;
  }

  awaitable<result<llm::chat_response>> ask(task_context context, llm::chat_request request) {
    const std::string asked = request.model.empty() ? model_->default_model() : request.model;
    const auto live = std::make_shared<task_context>(context);  // until the reply: a model may keep its requests
    request.on_failed_usage = [weak = std::weak_ptr(live), asked,
                               prices = options_.prices](const llm::billed_call& call) {
      if (const auto c = weak.lock()) report(*c, asked, prices.get(), call, {{"finish", "failed"}});
    };
    request.while_waiting = [weak = std::weak_ptr(live)](awaitable<void> until_it_may_go_out) -> awaitable<void> {
      const auto c = weak.lock();
      return c ? c->wait(wait_reason::rate, std::move(until_it_may_go_out)) : std::move(until_it_may_go_out);
    };
    result<llm::chat_response> reply = fail(errc::internal, "not asked");
    if (options_.stream) {
      auto limit = request.max_tokens;
      reply = co_await model_->stream(
          std::move(request), [context, limit, pieces = std::int64_t(0)](const llm::chat_delta&) mutable {
            context.heartbeat();
            if (!limit) return;
            const double share = static_cast<double>(++pieces) / static_cast<double>(*limit);
            context.report_progress(std::min(share, most_progress));
          });
    } else {
      reply = co_await model_->complete(std::move(request));
    }
    if (reply) {
      const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(reply->elapsed);
      report(context, asked, options_.prices.get(), {reply->usage, reply->model, reply->service_tier},
             {{"http_attempts", reply->http_attempts},
              {"finish", to_string(reply->finish)},
              {"elapsed_ms", elapsed.count()}});
    }
    co_return reply;
  }

  // The model that the server names is the one that is billed: a local server may well be asked for a name that costs.
  static void report(task_context& context, const std::string& asked, const llm::price_table* prices,
                     const llm::billed_call& call, json details) {
    const std::string& model = call.model.empty() ? asked : call.model;
    details["model"] = model;
    if (!call.service_tier.empty()) details["service_tier"] = call.service_tier;
    const auto cost = prices ? llm::cost_of(*prices, model, call.usage, call.service_tier) : std::nullopt;
    std::optional<budget_amount> spent;
    if (cost) {
      details["cost_usd"] = cost->to_text();
      spent = {call.usage.total_tokens(), cost->micro_dollars()};
    }
    context.report_usage(call.usage, std::move(details), spent);
  }

  static result<json> read_answer(const llm::chat_response& reply, const json_schema& schema,
                                  std::optional<std::int64_t> max_tokens) {
    if (reply.finish == llm::finish_reason::length)
      return fail(errc::truncated,
                  concat("the answer was cut before its JSON was complete: raise max_tokens",
                         max_tokens ? concat(" (", *max_tokens, ")") : std::string()),
                  retry_class::terminal);
    auto value = llm::extract_json(reply.message.content);
    if (!value) return fail(errc::schema_mismatch, value.error().message);
    if (const auto valid = schema.validate(*value); !valid)
      return fail(errc::schema_mismatch, concat("the answer does not match its schema: ", valid.error().message));
    return value;
  }

  std::shared_ptr<llm::chat_model> model_;
  llm_agent_options options_;
  shared_schema schema_;
};

}  // namespace

result<std::shared_ptr<agent>> make_llm_agent(std::shared_ptr<llm::chat_model> model, llm_agent_options options) {
  if (!model) return fail(errc::invalid_argument, "an LLM agent needs a chat model");
  if (const auto found = find_references(std::string_view(options.prompt)); !found)
    return in_place(found.error(), "prompt");
  std::shared_ptr<const json_schema> schema;
  if (!options.output_schema.is_null()) {
    auto compiled = json_schema::compile(options.output_schema);
    if (!compiled) return in_place(compiled.error(), "output_schema");
    schema = std::make_shared<json_schema>(std::move(*compiled));
  }
  return std::make_shared<llm_agent>(std::move(model), std::move(options), std::move(schema));
}

}  // namespace corchestra
