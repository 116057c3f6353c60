#include <boost/asio/io_context.hpp>

#include <corchestra/base/text.hpp>

#include "arguments.hpp"
#include "interrupts.hpp"
#include "verb.hpp"

namespace corchestra::program {

namespace {

constexpr std::uint64_t last_port = 65'535;

struct simulate_verb {
  simulation_arguments behaviour;
  std::string address = "127.0.0.1", port = "0", error_rate, rate_limit_rate, key, hold = "0";

  result<testing::simulated_model_options> options() const {
    auto o = behaviour.options({});
    if (o.has_error()) return o;
    o->address = address;
    o->api_key = key;
    const auto p = count_of("--port", port, 0, last_port);
    if (p.has_error()) return p.error();
    o->port = static_cast<std::uint16_t>(*p);
    const auto held = count_of("--hold-until", hold, 0, 1'000'000);
    if (held.has_error()) return held.error();
    o->hold_until_concurrent = *held;
    for (const auto& [flag, text, rate] : {std::tuple("--error-rate", &error_rate, &o->error_rate),
                                           std::tuple("--rate-limit-rate", &rate_limit_rate, &o->rate_limit_rate)}) {
      if (text->empty()) continue;
      const auto share = number_of(flag, *text, 0, 1);
      if (share.has_error()) return share.error();
      *rate = *share;
    }
    return o;
  }

  exit_code perform() const {
    auto o = options();
    if (o.has_error()) return refuse(o.error());
    asio::io_context context(1);
    auto model = testing::simulated_model::listen(context.get_executor(), std::move(*o));
    if (model.has_error()) return refuse(model.error());
    const interrupts stop(context.get_executor(), [&context](int) { context.stop(); });
    print(concat("simulated model at ", model->base_url(), "\n"));
    context.run();
    return exit_code::success;
  }

  static exit_code refuse(const error& e) {
    print_error(e.message);
    return exit_code::usage;
  }
};

}  // namespace

verb add_simulate(CLI::App& app) {
  auto v = std::make_shared<simulate_verb>();
  CLI::App* command = app.add_subcommand("simulate", "Serve the simulated model until Ctrl-C");
  command->add_option("--port", v->port, "Port; 0 is any free one")->type_name("N")->capture_default_str();
  command->add_option("--address", v->address, "Address to listen on")->capture_default_str();
  v->behaviour.add_behaviour_to(*command);
  command->add_option("--error-rate", v->error_rate, "Share of calls answered 500")->type_name("SHARE");
  command->add_option("--rate-limit-rate", v->rate_limit_rate, "Share of calls answered 429")->type_name("SHARE");
  command->add_option("--hold-until", v->hold, "Answer nothing before this many calls are in flight at once")
      ->type_name("N");
  command->add_option("--require-key", v->key, "Answer 401 to calls with another API key")->type_name("KEY");
  command->footer(
      "Examples:\n"
      "  corchestra simulate --port 8081\n"
      "  corchestra simulate --port 8081 --speed 20 --error-rate 0.05\n"
      "  OPENAI_BASE_URL=http://127.0.0.1:8081/v1 corchestra run plan.yaml\n\n"
      "It speaks the OpenAI chat/completions protocol and invents its answers. GET /simulator/stats tells what it has "
      "seen.");
  return {command, [v] { return v->perform(); }};
}

}  // namespace corchestra::program
