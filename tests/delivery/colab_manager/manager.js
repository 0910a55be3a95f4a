// A widget manager of the making of Colab's: a model is made when it is asked for, from its state
// alone. No comm is opened: it is a notebook that is opened again, with no kernel behind it.

import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import * as controls from "@jupyter-widgets/controls";

class Manager extends ManagerBase {
  constructor(states, anywidget) {
    super();
    Object.assign(this, { states, made: {} });
    this.modules = { "@jupyter-widgets/base": base, "@jupyter-widgets/controls": controls, anywidget };
  }

  get_model(id) {
    const { state, ...names } = this.states[id];
    const named = { model_module_version: "*", ...names, model_id: id };
    return (this.made[id] ??= this.new_model(named, state));
  }

  async loadClass(name, module) {
    return this.modules[module][name];
  }

  async _create_comm() {
    throw new Error("no kernel");
  }

  async _get_comm_info() {
    return {};
  }
}

// Shows the widget `root` of the states that a notebook keeps; `source` is anywidget's own script.
window.show = async (states, root, source) => {
  for (const { state, buffers } of Object.values(states)) {
    for (const { path, data } of buffers ?? []) {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      path.slice(0, -1).reduce((node, key) => node[key], state)[path.at(-1)] = new DataView(bytes.buffer);
    }
  }
  let anywidget;
  window.define = (names, make) => (anywidget = make(base));
  new Function(source)();
  const manager = new Manager(states, anywidget);
  const view = await manager.create_view(await manager.get_model(root));
  document.body.append(view.el);
  const words = { type: "after-attach", isConflatable: false, conflate: () => false };
  view.luminoWidget.processMessage(words);
};
