#include <algorithm>
#include <optional>

#include <corchestra/agents/llm_agent.hpp>
#include <corchestra/base/text.hpp>
#include <corchestra/llm/structured_output.hpp>
#include <corchestra/llm/tool_loop.hpp>
#include <corchestra/plan/reference.hpp>

#include "agents/model_talk.hpp"
#include "agents/task_input.hpp"
#include "agents/tool_reports.hpp"
#include "agents/trace_variables.hpp"

namespace corchestra {

namespace {

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
  if (const auto t = task.options.find("tools"); t != task.options.end()) {
    const bool names = t->is_array() && std::all_of(t->begin(), t->end(), [](const json& n) { return n.is_string(); });
    if (!names) return bad("tools", "a list of names");
  }
  return {};
}

class llm_agent final : public agent {
 public:
  llm_agent(std::shared_ptr<llm::chat_model> model, llm_agent_options options,
            std::shared_ptr<const json_schema> schema, llm::tool_set tools, llm::tool_set offered)
      : model_(std::move(model)),
        options_(std::move(options)),
        schema_(std::move(schema)),
        tools_(std::move(tools)),
        offered_(std::move(offered)) {}

  awaitable<result<task_output>> run(task_context context) override {
    const auto schema = schema_for(context.task());
    if (!schema) co_return schema.error();
    auto request = make_request(context);
    if (!request) co_return request.error();
    auto tools = tools_for(context);
    if (!tools) co_return tools.error();

    const detail::model_terms terms{options_.prices, options_.allow_unpriced, options_.stream, options_.usage};
    conversation c{{model_, terms, context}, std::move(*tools), loop_options(context)};
    if (!*schema) {
      auto text = co_await ask_for_text(context, std::move(c), std::move(*request));
      co_return text;
    }
    auto ask = [c](llm::chat_request& question, bool formatted) {
      return formatted || c.tools.empty() ? c.talk.ask(question) : answer_with_tools(c, question);
    };
    auto answer = co_await llm::ask_structured(llm::structured_ask(std::move(ask)), std::move(*request), **schema,
                                               output_options(context, !c.tools.empty()));
    if (!answer) co_return answer.error();
    co_return detail::to_task_output(std::move(answer->value));
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

  struct conversation {
    detail::model_talk talk;
    llm::tool_set tools;
    llm::tool_loop_options limits;
  };

  result<llm::tool_set> tools_for(const task_context& context) const {
    const task_call& task = context.task();
    const auto wanted = task.options.is_object() ? task.options.find("tools") : task.options.end();
    llm::tool_set set = offered_;
    if (wanted != task.options.end() && task.options.is_object()) {
      auto some = tools_.only(wanted->get<std::vector<std::string>>());
      if (!some) return in_place(some.error(), concat("task ", quote(task.id), ": options.tools"));
      set = std::move(*some);
    }
    if (options_.task_tools) {
      const auto added = set.add(options_.task_tools(context));
      if (!added) return in_place(added.error(), concat("task ", quote(task.id)));
    }
    return set.with(detail::trace_variables(context));
  }

  llm::tool_loop_options loop_options(const task_context& context) const {
    llm::tool_loop_options o;
    o.max_steps = options_.max_steps;
    o.max_parallel = options_.parallel_tools;
    detail::report_tools(o, context);
    return o;
  }

  llm::structured_output_options output_options(task_context context, bool tools) const {
    llm::structured_output_options o;
    o.free_first = tools;
    o.endpoint = options_.endpoint;
    o.capabilities = options_.capabilities;
    o.on_correction = [context](const error& problem) mutable {
      context.warn(concat("the answer was refused and asked for once more: ", one_line(problem.message, 500)));
    };
    o.on_rung_left = [context](llm::output_rung left, const error& why) mutable {
      context.warn(
          concat("the endpoint does not take the output format ", to_string(left), ": ", one_line(why.message, 300)));
    };
    return o;
  }

  result<llm::chat_request> make_request(const task_context& context) const {
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
    request.messages.push_back({llm::role::user, std::move(*prompt)});
    return request;
  }

  static awaitable<result<llm::tool_loop_answer>> loop(conversation c, llm::chat_request request) {
    if (c.tools.empty()) {
      auto reply = co_await c.talk.ask(std::move(request));
      if (!reply) co_return reply.error();
      co_return llm::tool_loop_answer{std::move(*reply), {}, 1, false};
    }
    auto answer = co_await llm::run_tool_loop(
        std::move(c.tools), std::move(request), [talk = c.talk](llm::chat_request r) { return talk.ask(std::move(r)); },
        std::move(c.limits));
    co_return answer;
  }

  static awaitable<result<llm::chat_response>> answer_with_tools(conversation c, llm::chat_request& request) {
    const int most = c.limits.max_steps;
    auto answer = co_await loop(std::move(c), request);
    if (!answer) co_return answer.error();
    if (answer->out_of_steps) co_return fail(errc::limit_exceeded, out_of_steps(most), retry_class::terminal);
    request.messages = std::move(answer->messages);
    co_return std::move(answer->reply);
  }

  static std::string out_of_steps(int most) {
    return concat("the model still called tools in its last step (max_steps ", most, ")");
  }

  static awaitable<result<task_output>> ask_for_text(task_context context, conversation c, llm::chat_request request) {
    const int most = c.limits.max_steps;
    auto answer = co_await loop(std::move(c), std::move(request));
    if (!answer) co_return answer.error();
    llm::chat_message& said = answer->reply.message;
    const bool cut = answer->reply.finish == llm::finish_reason::length;
    if (cut && said.content.empty() && !said.tool_calls.empty())
      co_return fail(errc::truncated, "the call of a tool was cut: raise max_tokens", retry_class::terminal);
    if (answer->out_of_steps)
      context.warn(out_of_steps(most));
    else if (cut)
      context.warn("the answer was cut at max_tokens");
    co_return task_output(std::move(said.content));
  }

  std::shared_ptr<llm::chat_model> model_;
  llm_agent_options options_;
  shared_schema schema_;
  llm::tool_set tools_, offered_;
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
  if (options.max_steps < 1) return fail(errc::invalid_argument, "max_steps: expected at least 1");
  auto tools = llm::tool_set::make(std::move(options.tools));
  if (!tools) return tools.error();
  auto offered = options.offered_tools ? tools->only(*options.offered_tools) : tools;
  if (!offered) return in_place(offered.error(), "offered_tools");
  if (!options.usage) options.usage = std::make_shared<llm::usage_watch>();
  if (!options.capabilities) options.capabilities = std::make_shared<llm::output_capabilities>();
  return std::make_shared<llm_agent>(std::move(model), std::move(options), std::move(schema), std::move(*tools),
                                     std::move(*offered));
}

}  // namespace corchestra
