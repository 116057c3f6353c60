// A model that calls tools: one is a function of this program, one needs the task that it works for, one is a command.
// The scripted model stands in for a real one (llm::make_openai_client).
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/agents/command_tool.hpp>
#include <corchestra/agents/llm_agent.hpp>
#include <corchestra/runtime/async_run.hpp>
#include <corchestra/testing/scripted_model.hpp>

using namespace corchestra;

namespace {

llm::tool price_of() {
  llm::tool t;
  t.name = "price_of";
  t.description = "The price of an article in cents.";
  t.parameters = json::parse(R"({"type":"object","properties":{"article":{"type":"string"}},"required":["article"]})");
  t.call = [](json arguments) -> awaitable<result<json>> {
    if (arguments["article"] != "pen") co_return fail(errc::not_found, "there is no such article; there are: pen");
    co_return json{{"cents", 120}};
  };
  return t;
}

llm::tool note(task_context context) {
  llm::tool t;
  t.name = "note";
  t.description = "Tells the person who waits how far the work is.";
  t.parameters = json::parse(R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]})");
  t.call = [context](json arguments) mutable -> awaitable<result<json>> {
    context.report_progress(0.5, arguments["text"].get<std::string>());
    co_return json("noted");
  };
  return t;
}

result<llm::tool> upper_case() {
  command_tool_options o;
  o.name = "upper_case";
  o.description = "Turns a text into capitals.";
  o.parameters = json::parse(R"({"type":"object","properties":{"text":{"type":"string"}},"required":["text"]})");
  o.command.argv = {"tr", "a-z", "A-Z"};
  o.timeout = std::chrono::seconds(10);
  return make_command_tool(std::move(o));
}

llm::chat_response calling(std::vector<llm::tool_call> calls) {
  llm::chat_response r;
  r.message.role = llm::role::assistant;
  r.message.tool_calls = std::move(calls);
  r.finish = llm::finish_reason::tool_calls;
  return r;
}

}  // namespace

int main() {
  const auto model = std::make_shared<testing::scripted_model>();
  const auto call = [&](std::vector<llm::tool_call> calls) {
    model->answer_with([calls](const llm::chat_request&) { return result<llm::chat_response>(calling(calls)); });
  };
  call({{"1", "price_of", R"({"article": "pencil"})"}, {"2", "note", R"({"text": "looking for prices"})"}});
  call({{"3", "price_of", R"({"article": "pen"})"}, {"4", "upper_case", R"({"text": "pen"})"}});
  model->answer_with([](const llm::chat_request& request) {  // a real model would write a sentence
    llm::chat_response r;
    for (const auto& m : request.messages)
      if (m.role == llm::role::tool) r.message.content += m.content + "; ";
    return result<llm::chat_response>(r);
  });

  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  llm_agent_options options;
  options.tools = {price_of(), upper_case().value()};
  options.task_tools = [](task_context context) { return std::vector<llm::tool>{note(context)}; };
  orchestra.agents().add("clerk", make_llm_agent(model, options).value());

  task_plan plan;
  plan.tasks = {create_task_call("ask", "clerk", "demo", "What does a pencil cost?")};
  run_callbacks callbacks;
  callbacks.on_event = [](const event& e) {
    if (e.type == event_type::tool_ended)
      std::cout << "step " << e.data["step"] << ": " << e.data.value("tool", "") << " " << e.data.value("outcome", "")
                << "\n";
  };
  async_run(orchestra, plan, std::move(callbacks), [](result<run_result> run) {
    for (const auto& r : run->results)
      std::cout << r.id << " " << to_string(r.state) << ": " << to_text(r.output.value) << "\n";
  });
  io.run();
}
