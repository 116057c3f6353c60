// LangGraph.js: nodes that suspend once, 64 at a time, sent out by one node; and the whole run of a chain of three.
import { Annotation, END, Send, START, StateGraph } from "@langchain/langgraph";
import { check, measure } from "./peer.mjs";

const State = Annotation.Root({
  done: Annotation({ reducer: (left, right) => left.concat(right), default: () => [] }),
});

const tasks = 200;
const numbers = [...Array(tasks).keys()];
const fan = new StateGraph(State)
  .addNode("work", async (state) => {
    await null;
    return { done: [state.number] };
  })
  .addConditionalEdges(START, () => numbers.map((number) => new Send("work", { number })), ["work"])
  .addEdge("work", END)
  .compile();

await measure("peer_langgraph", "us/task", tasks, async () => {
  const state = await fan.invoke({}, { maxConcurrency: 64 });
  check(state.done.length === tasks && new Set(state.done).size === tasks, "LangGraph lost a task");
});

const step = async () => {
  await null;
  return { done: [1] };
};
const runs = 30;
const chain = new StateGraph(State)
  .addNode("a", step)
  .addNode("b", step)
  .addNode("c", step)
  .addEdge(START, "a")
  .addEdge("a", "b")
  .addEdge("b", "c")
  .addEdge("c", END)
  .compile();

await measure("peer_langgraph_chain", "us/run", runs, async () => {
  for (let i = 0; i < runs; ++i) {
    const state = await chain.invoke({});
    check(state.done.length === 3, "LangGraph lost a task");
  }
});
