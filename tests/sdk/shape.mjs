// Whether an answer is what the client's declarations say it is. The declarations are read with the TypeScript compiler, so nothing is
// said here a second time.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const DECLARATIONS = dirname(fileURLToPath(import.meta.resolve('@qwen-code/sdk/daemon')));

/** The client's declarations. */
export class Declarations {
  #checker;
  #exports = new Map();

  constructor() {
    const files = ['index.d.ts', 'transports.d.ts'].map((file) => join(DECLARATIONS, file));
    const program = ts.createProgram(files, {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      strict: true,
      noEmit: true,
      types: [],
    });
    this.#checker = program.getTypeChecker();
    for (const file of files) {
      const module = this.#checker.getSymbolAtLocation(program.getSourceFile(file));
      for (const named of this.#checker.getExportsOfModule(module)) {
        const aliased = named.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(named) : named;
        this.#exports.set(named.name, aliased);
      }
    }
  }

  #symbol(name) {
    const symbol = this.#exports.get(name);
    if (symbol === undefined) throw new Error(`the package exports no ${name}`);
    return symbol;
  }

  /** What a class or interface declares: its public methods, static ones with them, and the names of all that is private. */
  members(className) {
    const of = this.#symbol(className);
    const own = this.#checker.getDeclaredTypeOfSymbol(of).getProperties();
    const statics = of.flags & ts.SymbolFlags.Class ? this.#checker.getTypeOfSymbol(of).getProperties() : [];
    const methods = [];
    const hidden = [];
    for (const member of [...own, ...statics]) {
      const modifiers = member.valueDeclaration ? ts.getCombinedModifierFlags(member.valueDeclaration) : 0;
      if (modifiers & ts.ModifierFlags.Private) hidden.push(member.name);
      else if (member.flags & ts.SymbolFlags.Method) methods.push(member.name);
    }
    return { methods, hidden };
  }

  /** What is wrong with an answer of this method: nothing if one of its signatures allows it. */
  misfitsOfAnswer(className, method, answer) {
    const of = this.#symbol(className);
    const holder = this.#checker.getDeclaredTypeOfSymbol(of).getProperty(method)
      ?? this.#checker.getTypeOfSymbol(of).getProperty(method);
    const signatures = this.#checker.getTypeOfSymbol(holder).getCallSignatures();
    const found = signatures.map((signature) => this.#misfits(answer, this.#given(signature.getReturnType()), ''));
    return fewest(found);
  }

  /** What is wrong with an event of a type that the client knows. */
  misfitsOfEvent(event) {
    const known = this.#checker.getDeclaredTypeOfSymbol(this.#symbol('KnownDaemonEvent'));
    const members = known.types.filter((member) => {
      const type = this.#checker.getTypeOfSymbol(member.getProperty('type'));
      return type.isStringLiteral() && type.value === event.type;
    });
    return members.length === 0 ? [] : fewest(members.map((member) => this.#misfits(event, member, '')));
  }

  /** What a caller has of it in the end: what a promise resolves to, what a stream yields. */
  #given(type) {
    if (type.symbol?.name === 'AsyncGenerator') return this.#checker.getTypeArguments(type)[0];
    return this.#checker.getAwaitedType(type) ?? type;
  }

  #misfits(value, type, at) {
    const { flags } = type;
    // What a caller chooses the type of may be anything.
    const anything = ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.Instantiable;
    if (flags & anything) return [];
    if (value === undefined && flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined)) return [];
    if (type.isUnion()) {
      const fitting = type.types.filter((member) => this.#couldBe(value, member));
      return fewest((fitting.length > 0 ? fitting : type.types).map((member) => this.#misfits(value, member, at)));
    }
    if (type.isIntersection() && typeof value === 'object') {
      return type.types.flatMap((member) => this.#misfits(value, member, at));
    }
    if (value === null || typeof value !== 'object') {
      const literal = value === undefined ? this.#checker.getUndefinedType() : this.#literal(value);
      return this.#checker.isTypeAssignableTo(literal, type) ? [] : [this.#misfit(value, type, at)];
    }
    if (!(flags & (ts.TypeFlags.Object | ts.TypeFlags.NonPrimitive))) return [this.#misfit(value, type, at)];
    const isList = this.#checker.isArrayType(type) || this.#checker.isTupleType(type);
    if (isList !== Array.isArray(value) && (isList || type.getProperties().length > 0)) return [this.#misfit(value, type, at)];
    if (this.#checker.isArrayType(type)) {
      const [element] = this.#checker.getTypeArguments(type);
      return value.flatMap((each, index) => this.#misfits(each, element, `${at}[${index}]`));
    }
    return this.#misfitsOfFields(value, type, at);
  }

  #misfitsOfFields(value, type, at) {
    const declared = this.#checker.getPropertiesOfType(type);
    const misfits = declared.flatMap((field) => {
      const of = this.#checker.getTypeOfSymbol(field);
      if (of.getCallSignatures().length > 0) return []; // What an answer can do is none of its fields.
      const isThere = Object.hasOwn(value, field.name);
      if (isThere) return this.#misfits(value[field.name], of, `${at}.${field.name}`);
      const isNeeded = !(field.flags & ts.SymbolFlags.Optional) && this.#misfits(undefined, of, '').length > 0;
      return isNeeded ? [`${at}.${field.name} is missing: ${this.#checker.typeToString(of)}`] : [];
    });
    const others = Object.entries(value).filter(([name]) => !declared.some((field) => field.name === name));
    const index = this.#checker.getIndexInfosOfType(type).find(({ keyType }) => keyType.flags & ts.TypeFlags.String);
    if (index === undefined) return misfits;
    return [...misfits, ...others.flatMap(([name, each]) => this.#misfits(each, index.type, `${at}.${name}`))];
  }

  /** Whether no field with a fixed value speaks against this member of a union. */
  #couldBe(value, type) {
    if (value === null || typeof value !== 'object' || !(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) return true;
    return this.#checker.getPropertiesOfType(type).every((field) => {
      const of = this.#checker.getTypeOfSymbol(field);
      if (!of.isLiteral() && !(of.flags & ts.TypeFlags.BooleanLiteral)) return true;
      const isThere = Object.hasOwn(value, field.name);
      return isThere ? this.#misfits(value[field.name], of, '').length === 0 : Boolean(field.flags & ts.SymbolFlags.Optional);
    });
  }

  #literal(value) {
    if (value === null) return this.#checker.getNullType();
    if (typeof value === 'string') return this.#checker.getStringLiteralType(value);
    if (typeof value === 'number') return this.#checker.getNumberLiteralType(value);
    return value ? this.#checker.getTrueType() : this.#checker.getFalseType();
  }

  #misfit(value, type, at) {
    const said = JSON.stringify(value) ?? 'nothing';
    return `${at || 'the answer'} is ${said.length > 80 ? `${said.slice(0, 80)}…` : said}, not ${this.#checker.typeToString(type)}`;
  }
}

const fewest = (found) => found.reduce((least, each) => (each.length < least.length ? each : least));
