// Builds what a model's script finds: its variables, `execution`, Spin's S(), BpmnError. Evaluates to a function
// (code, input as JSON, auto store) -> outcome as JSON. QuickJS cannot call Python under a time limit, so variables
// are copied in and changes read out. Built-ins are kept in locals: a script may replace the global ones.
(function () {
  'use strict';
  const { parse, stringify } = JSON;
  const { defineProperty, getOwnPropertyNames } = Object;
  const { isArray } = Array;
  const { isFinite } = Number;
  const [DateType, MapType, SetType, ErrorType, TypeErrorType, BigIntType, StringType] =
    [Date, Map, Set, Error, TypeError, BigInt, String];
  const evaluate = (0, eval);
  const root = globalThis;
  const TAG = '$bpmnd';

  const read = (text) => parse(text, (key, value) => {
    if (value === null || typeof value !== 'object' || !(TAG in value)) return value;
    return value[TAG] === 'date' ? new DateType(value.v) : BigIntType(value.v);
  });

  function write(value, open, budget) {
    if (--budget.left < 0) throw new ErrorType('the value has too many parts');
    if (value === undefined || value === null) return null;
    switch (typeof value) {
      case 'string': case 'boolean': return value;
      case 'number':
        if (!isFinite(value)) throw new TypeErrorType(`${value} is not a number that can be stored`);
        return value;
      case 'bigint': return { [TAG]: 'integer', v: StringType(value) };
      case 'object': break;
      default: throw new TypeErrorType(`a ${typeof value} cannot be stored`);
    }
    if (value instanceof Spin) value = value.unwrapped;
    if (value === null || typeof value !== 'object') return write(value, open, budget);
    if (value instanceof DateType) {
      if (!isFinite(value.getTime())) throw new TypeErrorType('an invalid date cannot be stored');
      return { [TAG]: 'date', v: value.getTime() };
    }
    if (value instanceof Promise) throw new TypeErrorType('a promise cannot be stored');
    if (open.includes(value)) throw new TypeErrorType('a value that contains itself cannot be stored');
    if (open.length >= 100) throw new TypeErrorType('the value is nested too deep');
    if (value instanceof MapType) value = Object.fromEntries(value);
    if (value instanceof SetType) value = [...value];
    const inner = [...open, value];
    if (isArray(value)) return value.map((item) => write(item, inner, budget));
    const copy = { [TAG]: 'object', v: [] };
    for (const key of Object.keys(value)) {
      if (typeof value[key] !== 'function') copy.v.push([key, write(value[key], inner, budget)]);
    }
    return copy;
  }

  // Spin's JSON nodes (Camunda 7): S(text).prop('a').numberValue()
  class Spin {
    constructor(value) { this.unwrapped = value; }
    prop(name, value) {
      if (arguments.length > 1) { this.unwrapped[name] = value instanceof Spin ? value.unwrapped : value; return this; }
      if (!this.hasProp(name)) throw new ErrorType(`the JSON object has no property '${name}'`);
      return new Spin(this.unwrapped[name]);
    }
    hasProp(name) { return this.isObject() && Object.hasOwn(this.unwrapped, name); }
    elements() { return this.unwrapped.map((item) => new Spin(item)); }
    fieldNames() { return Object.keys(this.unwrapped); }
    numberValue() { return Number(this.unwrapped); }
    stringValue() { return StringType(this.unwrapped); }
    boolValue() { return this.unwrapped === true; }
    value() { return this.unwrapped; }
    isNull() { return this.unwrapped === null; }
    isArray() { return isArray(this.unwrapped); }
    isObject() { return this.unwrapped !== null && typeof this.unwrapped === 'object' && !isArray(this.unwrapped); }
    isString() { return typeof this.unwrapped === 'string'; }
    isNumber() { return typeof this.unwrapped === 'number'; }
    isBoolean() { return typeof this.unwrapped === 'boolean'; }
    toString() { return stringify(this.unwrapped); }
  }

  class BpmnError extends ErrorType {
    constructor(code, message) { super(message === undefined ? '' : StringType(message)); this.code = code; }
  }

  return function (code, inputText, autoStore) {
    const input = read(inputText);
    const variables = new MapType(Object.entries(input.variables));
    const assigned = new MapType();
    const local = new MapType();
    const define = (name, value) => {
      const present = Object.getOwnPropertyDescriptor(root, name);
      if (present && !present.configurable) return;
      defineProperty(root, name, { value, writable: true, enumerable: true, configurable: true });
    };
    const has = (name) => local.has(name) || assigned.has(name) || variables.has(name);
    const get = (name) => {
      const found = local.has(name) ? local : assigned.has(name) ? assigned : variables;
      const value = found.get(name);
      return value === undefined ? null : value;
    };
    const set = (into, name, value) => {
      if (typeof name !== 'string' || name === '') throw new TypeErrorType('the name of a variable must be a string');
      into.set(name, value);
      if (variables.has(name) || !(name in root)) define(name, value);
    };
    const names = () => [...new SetType([...input.names, ...assigned.keys(), ...local.keys()])];
    const execution = {
      getVariable: get,
      getVariableLocal: get,
      getVariableTyped: (name) => ({
        getValue: () => get(name),
        getValueSerialized: () => (typeof get(name) === 'string' ? get(name) : stringify(get(name))),
      }),
      getVariables: () => Object.fromEntries(names().map((name) => [name, get(name)])),
      getVariableNames: names,
      hasVariable: (name) => has(name) || input.names.includes(name),
      hasVariableLocal: (name) => has(name) || input.names.includes(name),
      setVariable: (name, value) => set(assigned, name, value),
      setVariableLocal: (name, value) => set(local, name, value),
      setVariables: (values) => Object.keys(values).forEach((name) => set(assigned, name, values[name])),
    };
    for (const name of Object.keys(input.execution)) {
      execution[name] = input.execution[name];
      execution['get' + name[0].toUpperCase() + name.slice(1)] = () => input.execution[name];
    }
    // In task listeners: the task's properties, changed by setters; its variables are those of `execution`.
    const changed = new MapType();
    const task = {};
    if (input.task !== null) {
      for (const name of Object.keys(execution)) {
        if (typeof execution[name] === 'function' && /Variable/.test(name)) task[name] = execution[name];
      }
      const writable = ['name', 'assignee', 'owner', 'priority', 'dueDate', 'followUpDate', 'candidateUsers',
        'candidateGroups'];
      const current = (name) => (changed.has(name) ? changed.get(name) : input.task[name]);
      for (const name of Object.keys(input.task)) {
        const bean = name[0].toUpperCase() + name.slice(1);
        const change = (value) => { changed.set(name, value); };
        const set = writable.includes(name) ? change : undefined;
        defineProperty(task, name, { get: () => current(name), set, enumerable: true });
        task['get' + bean] = () => current(name);
        if (set) task['set' + bean] = set;
      }
      for (const [kind, name] of [['User', 'candidateUsers'], ['Group', 'candidateGroups']]) {
        const listed = () => current(name) || [];
        const add = (more) => { changed.set(name, [...new SetType([...listed(), ...(isArray(more) ? more : [more])])]); };
        task['addCandidate' + kind] = add;
        task['addCandidate' + kind + 's'] = add;
        task['deleteCandidate' + kind] = (gone) => { changed.set(name, listed().filter((each) => each !== gone)); };
      }
      task.execution = execution;
      task.getExecution = () => execution;
    }
    const javaType = (name) => {
      if (/\.delegate\.BpmnError$/.test(name)) return BpmnError;
      throw new TypeErrorType(`Java class ${name} is not available; use JavaScript or a connector`);
    };
    const delegates = { delegate: { BpmnError } };
    const library = {
      execution, BpmnError,
      S: (value) => new Spin(typeof value === 'string' ? parse(value) : value),
      JSON: Object.assign((value) => new Spin(typeof value === 'string' ? parse(value) : value), { parse, stringify }),
      Java: { type: javaType },
      org: { camunda: { bpm: { engine: delegates } }, flowable: { engine: delegates }, activiti: { engine: delegates } },
      // What a script prints goes nowhere: history and logs show what happened.
      print: () => undefined,
      console: { log: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    };
    if (input.task !== null) library.task = task;
    for (const name of Object.keys(library)) {
      defineProperty(root, name, { value: library[name], writable: true, enumerable: false, configurable: true });
    }
    for (const [name, value] of variables) if (name !== 'task' || input.task === null) define(name, value);
    const before = new SetType(autoStore ? getOwnPropertyNames(root) : []);

    let value;
    try {
      value = evaluate(code);
    } catch (error) {
      if (error instanceof BpmnError) {
        return stringify({ bpmnError: [StringType(error.code), error.message] });
      }
      return stringify({ error: error instanceof ErrorType ? `${error.name}: ${error.message}` : StringType(error) });
    }
    if (autoStore) {
      for (const name of getOwnPropertyNames(root)) {
        if (assigned.has(name) || local.has(name)) continue;
        const current = root[name];
        if (typeof current === 'function') continue;
        if (variables.has(name) ? current !== variables.get(name) : !before.has(name)) assigned.set(name, current);
      }
    }
    const budget = { left: 1000000 };
    try {
      return stringify({
        value: write(value, [], budget),
        assigned: [...assigned].map(([name, item]) => [name, write(item, [], budget)]),
        local: [...local].map(([name, item]) => [name, write(item, [], budget)]),
        task: [...changed].map(([name, item]) => [name, write(item, [], budget)]),
      });
    } catch (error) {
      return stringify({ error: `${error.name}: ${error.message}` });
    }
  };
})()
