// A server that embeds the orchestrator on its own io_context: POST /runs with {"topics": [...]} runs one task a topic
// and streams the progress as server-sent events. Try:
//   07_http_server 8080 &  curl -N -d '{"topics": ["wind", "sun"]}' http://127.0.0.1:8080/runs
// Without a port it serves one request of its own and ends.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>

#include <corchestra/async/sleep.hpp>
#include <corchestra/net/http_client.hpp>
#include <corchestra/net/http_server.hpp>
#include <corchestra/net/sse.hpp>
#include <corchestra/runtime/event_stream.hpp>
#include <corchestra/runtime/orchestrator.hpp>

using namespace corchestra;
using namespace std::chrono_literals;

awaitable<void> serve_run(orchestrator orchestra, net::server_request request, net::server_reply& reply) {
  const result<json> body = parse_json(request.body);
  if (request.method != "POST" || request.path != "/runs" || !body || !body->contains("topics")) {
    co_await reply.send(400, {}, "POST /runs with {\"topics\": [...]}\n");
    co_return;
  }
  task_plan plan;
  for (const auto& topic : (*body)["topics"]) {
    plan.tasks.push_back(create_task_call(topic, "researcher", "research", "Research it"));
  }
  event_stream events(co_await asio::this_coro::executor);  // bounded; from the run's strand to this coroutine
  result<run> started = orchestra.start(plan, events.callbacks());
  if (!started) {
    co_await reply.send(400, {}, started.error().message + "\n");
    co_return;
  }
  events.cancel_on_exit(*started);  // a client that goes away takes its run with it
  co_await reply.start(200, {{"Content-Type", "text/event-stream"}});
  while (const auto record = co_await events.next()) {
    const result<void> sent = co_await reply.write(net::format_sse({(*record)["type"], dump_json(*record), {}}));
    if (!sent) co_return;
  }
  co_await reply.finish();
}

awaitable<void> ask_once(net::http_server& server) {
  auto client = net::make_http_client(co_await asio::this_coro::executor).value();
  net::http_request request{"POST", net::parse_url(server.base_url() + "/runs").value(), {}, R"({"topics": ["wind", "sun"]})"};
  net::sse_parser parser;
  const auto show = [](const net::sse_event& e) -> result<void> {
    std::cout << e.event << "\n";
    return {};
  };
  const auto reply = co_await client->stream(request, [&](std::string_view chunk) { return parser.feed(chunk, show); });
  std::cout << "status " << reply->status << "\n";
  co_await server.stop();
}

int main(int argc, char** argv) {
  asio::io_context io;
  orchestrator orchestra(io.get_executor());
  orchestra.agents().add("researcher", [](task_context context) -> awaitable<result<task_output>> {
    co_await sleep_for(50ms);
    co_return task_output("all about " + context.task().id);
  });
  auto server = net::http_server::listen(
      io.get_executor(),
      [&](net::server_request r, net::server_reply& reply) { return serve_run(orchestra, std::move(r), reply); },
      {.port = static_cast<std::uint16_t>(argc > 1 ? std::stoi(argv[1]) : 0)});
  if (!server) {
    std::cerr << server.error().message << "\n";
    return 1;
  }
  if (argc > 1) {
    std::cout << "listening on " << server->base_url() << "\n";
  } else {
    asio::co_spawn(io, ask_once(*server), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
  io.run();
}
