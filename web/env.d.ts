/** For tools that read types without knowing single-file components; the page's own type check reads the components themselves. */
declare module "*.vue" {
  import type { Component } from "vue";
  const component: Component;
  export default component;
}
