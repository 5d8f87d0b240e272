"use strict";
// Carries out a program (modelling/program.py): a latent in, an image out. It knows no page, so that it runs
// in a worker, too. All arithmetic is in doubles: typed arrays of them are what browsers are quickest with.

function decodeBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}

function halfToNumber(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function decodeWeights(places, buffer) {
  const view = new DataView(buffer);
  return places.map(([kind, offset, count]) => {
    const found = kind === "i4" ? new Int32Array(count) : new Float64Array(count);
    for (let i = 0; i < count; i++) {
      if (kind === "i4") found[i] = view.getInt32(offset + 4 * i, true);
      else if (kind === "f4") found[i] = view.getFloat32(offset + 4 * i, true);
      else found[i] = halfToNumber(view.getUint16(offset + 2 * i, true));
    }
    return found;
  });
}

// c (m, n) = a (m, k) b (k, n) + bias (m): two rows of a with four of b at a time, so that c and b are read less
function multiply(a, b, c, m, k, n, bias, a0 = 0, b0 = 0, c0 = 0, bias0 = 0) {
  for (let i = 0; i < m; i++) c.fill(bias ? bias[bias0 + i] : 0, c0 + i * n, c0 + (i + 1) * n);
  for (let i = 0; i < m; i += 2) {
    const row = a0 + i * k, out = c0 + i * n;
    const pair = i + 1 < m;
    const row2 = pair ? row + k : row, out2 = pair ? out + n : out;
    let l = 0;
    for (; l + 4 <= k && pair; l += 4) {
      const v0 = a[row + l], v1 = a[row + l + 1], v2 = a[row + l + 2], v3 = a[row + l + 3];
      const w0 = a[row2 + l], w1 = a[row2 + l + 1], w2 = a[row2 + l + 2], w3 = a[row2 + l + 3];
      const p0 = b0 + l * n, p1 = p0 + n, p2 = p1 + n, p3 = p2 + n;
      for (let j = 0; j < n; j++) {
        const x0 = b[p0 + j], x1 = b[p1 + j], x2 = b[p2 + j], x3 = b[p3 + j];
        c[out + j] += v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3;
        c[out2 + j] += w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3;
      }
    }
    for (; l < k; l++) {
      const v = a[row + l], w = a[row2 + l], p = b0 + l * n;
      for (let j = 0; j < n; j++) {
        c[out + j] += v * b[p + j];
        if (pair) c[out2 + j] += w * b[p + j];
      }
    }
  }
}

function dot(a, from, x, start, count) {
  let s0 = 0, s1 = 0, i = 0;
  for (; i + 2 <= count; i += 2) {
    s0 += a[from + i] * x[start + i];
    s1 += a[from + i + 1] * x[start + i + 1];
  }
  return i < count ? s0 + s1 + a[from + i] * x[start + i] : s0 + s1;
}

const sizeOf = (shape) => shape.reduce((product, side) => product * side, 1);

const FUNCTIONS = {
  relu: () => (x) => (x > 0 ? x : 0),
  leaky_relu: (slope) => (x) => (x > 0 ? x : slope * x),
  elu: (alpha, scale, inside) => (x) => (x > 0 ? x * scale : alpha * scale * Math.expm1(x * inside)),
  clamp: (low, high) => (x) => Math.min(Math.max(x, low), high),
  softplus: (beta, threshold) => (x) => (beta * x > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta),
  gelu: () => (x) => 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  gelu_tanh: () => (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
  silu: () => (x) => x / (1 + Math.exp(-x)),
  mish: () => (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  hardswish: () => (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  hardsigmoid: () => (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  tanh: () => Math.tanh,
  exp: () => Math.exp,
  log: () => Math.log,
  sqrt: () => Math.sqrt,
  rsqrt: () => (x) => 1 / Math.sqrt(x),
  reciprocal: () => (x) => 1 / x,
  abs: () => Math.abs,
  neg: () => (x) => -x,
  sin: () => Math.sin,
  cos: () => Math.cos,
};

// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: off by at most 1.5e-7
function errorFunction(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const found = 1 - series * Math.exp(-x * x);
  return x < 0 ? -found : found;
}

const PAIRS = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
};

// Each entry: (step, weights, out) -> what fills ``out`` from the registers that the step reads.
const STEPS = {
  linear(step, [weight, bias], out) {
    const inputs = step.input[step.input.length - 1];
    const outputs = weight.length / inputs;
    return (x) => {
      for (let i = 0; i < out.length; i++) {
        const o = i % outputs;
        out[i] = dot(weight, o * inputs, x, ((i - o) / outputs) * inputs, inputs) + (bias ? bias[o] : 0);
      }
    };
  },
  convolution(step, [weight, bias], out) {
    const [channels, height, width] = step.input;
    const [outputs, down, across] = step.shape.slice(1);
    const [kh, kw] = step.kernel;
    const groups = step.groups, taps = kh * kw;
    const places = down * across;
    const columns = new Float64Array(channels * taps * places);
    const each = channels / groups;
    return (x) => {
      eachTap(channels, kh, kw, (c, ky, kx, tap) => {
        const row = (c * taps + tap) * places;
        for (let oy = 0; oy < down; oy++) {
          const iy = oy * step.stride[0] - step.padding[0] + ky * step.dilation[0];
          for (let ox = 0; ox < across; ox++) {
            const ix = ox * step.stride[1] - step.padding[1] + kx * step.dilation[1];
            const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
            columns[row + oy * across + ox] = inside ? x[(c * height + iy) * width + ix] : 0;
          }
        }
      });
      for (let g = 0; g < groups; g++) {
        const rows = outputs / groups;
        const depth = each * taps;
        multiply(weight, columns, out, rows, depth, places, bias,
          g * rows * depth, g * depth * places, g * rows * places, g * rows);
      }
    };
  },
  transposed(step, [weight, bias], out) {
    const [channels, height, width] = step.input;
    const [outputs, down, across] = step.shape.slice(1);
    const [kh, kw] = step.kernel;
    const groups = step.groups, taps = kh * kw;
    const each = channels / groups;
    const rows = (outputs / groups) * taps; // of a group: outputs and taps
    const places = height * width;
    const turned = new Float64Array(weight.length); // (groups, outputs and taps, inputs)
    for (let c = 0; c < channels; c++) {
      const g = Math.floor(c / each);
      for (let r = 0; r < rows; r++) turned[(g * rows + r) * each + (c % each)] = weight[c * rows + r];
    }
    const columns = new Float64Array(groups * rows * places);
    return (x) => {
      for (let g = 0; g < groups; g++) {
        multiply(turned, x, columns, rows, each, places, null,
          g * rows * each, g * each * places, g * rows * places);
      }
      for (let o = 0; o < outputs; o++) out.fill(bias ? bias[o] : 0, o * down * across, (o + 1) * down * across);
      eachTap(outputs, kh, kw, (o, ky, kx, tap) => {
        const row = (o * taps + tap) * places;
        for (let iy = 0; iy < height; iy++) {
          const oy = iy * step.stride[0] - step.padding[0] + ky * step.dilation[0];
          if (oy < 0 || oy >= down) continue;
          const stride = step.stride[1], offset = kx * step.dilation[1] - step.padding[1];
          const first = Math.max(0, Math.ceil(-offset / stride));
          const last = Math.min(width - 1, Math.floor((across - 1 - offset) / stride));
          let place = (o * down + oy) * across + first * stride + offset;
          for (let from = row + iy * width + first; from <= row + iy * width + last; from++) {
            out[place] += columns[from];
            place += stride;
          }
        }
      });
    };
  },
  affine(step, [factor, shift], out) {
    const count = (factor || shift).length;
    return (x) => {
      for (let i = 0; i < out.length; ) {
        for (let constant = 0; constant < count; constant++) {
          const f = factor ? factor[constant] : 1;
          const s = shift ? shift[constant] : 0;
          for (let end = i + step.inner; i < end; i++) out[i] = f * x[i] + s;
        }
      }
    };
  },
  gather(step, [places], out) {
    return (x) => {
      for (let i = 0; i < out.length; i++) out[i] = places[i] < step.count ? x[places[i]] : step.fill;
    };
  },
  join(step, [fixed], out) {
    return (...parts) => {
      let start = 0;
      for (const part of fixed ? [...parts, fixed] : parts) {
        out.set(part, start);
        start += part.length;
      }
    };
  },
  normalise(step, weights, out) {
    const count = out.length / step.groups;
    return (x) => {
      for (let start = 0; start < out.length; start += count) {
        let mean = 0, variance = 0;
        for (let i = start; i < start + count; i++) mean += x[i] / count;
        for (let i = start; i < start + count; i++) variance += (x[i] - mean) ** 2 / count;
        const scale = 1 / Math.sqrt(variance + step.eps);
        for (let i = start; i < start + count; i++) out[i] = (x[i] - mean) * scale;
      }
    };
  },
  resize(step, [rows, columns], out) {
    const [channels, height, width] = step.input;
    const [down, across] = step.shape.slice(2);
    const turned = new Float64Array(columns.length);
    for (let o = 0; o < across; o++) for (let i = 0; i < width; i++) turned[i * across + o] = columns[o * width + i];
    const half = new Float64Array(down * width);
    return (x) => {
      for (let c = 0; c < channels; c++) {
        multiply(rows, x, half, down, height, width, null, 0, c * height * width);
        multiply(half, turned, out, down, width, across, null, 0, 0, c * down * across);
      }
    };
  },
};

function eachTap(channels, kh, kw, visit) {
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kh; ky++) for (let kx = 0; kx < kw; kx++) visit(c, ky, kx, ky * kw + kx);
  }
}

// (L,) numbers -> the image, channel by channel, as numbers from 0 to 1; the array is the engine's own
function makeEngine(program) {
  const weights = decodeWeights(program.weights, decodeBase64(program.bytes));
  const registers = [null];
  const runs = program.steps.map((step) => {
    const out = new Float64Array(sizeOf(step.shape));
    registers.push(out);
    const held = step.weights.map((place) => (place === null ? null : weights[place]));
    const read = step.reads;
    let run;
    if (step.name in STEPS) run = STEPS[step.name](step, held, out);
    else if (step.name in PAIRS) {
      const pair = PAIRS[step.name];
      run = (x, y) => { for (let i = 0; i < out.length; i++) out[i] = pair(x[i], y[i]); };
    } else {
      const each = FUNCTIONS[step.name](...step.constants);
      run = (x) => { for (let i = 0; i < out.length; i++) out[i] = each(x[i]); };
    }
    if (read.length === 1) return () => run(registers[read[0]]);
    return () => run(...read.map((place) => registers[place]));
  });
  return (latent) => {
    registers[0] = Float64Array.from(latent, Math.fround);
    for (const run of runs) run();
    return registers[registers.length - 1];
  };
}

// channels one after the other, from 0 to 1 -> what a canvas takes; rounded as in the model's own pictures
function toRgba(image, channels) {
  const count = image.length / channels;
  const rgba = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = 255 * image[channels === 1 ? i : c * count + i];
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}

// latent -> promise of pixels: in a worker, so that sliders never wait, or here where workers are forbidden
function startPainter(program, channels) {
  let run = null;
  const here = async (latent) => {
    await new Promise((resume) => setTimeout(resume));
    run ??= makeEngine(program);
    return toRgba(run(latent), channels);
  };
  let worker = null;
  try {
    worker = new Worker(URL.createObjectURL(new Blob([engineSource + workerTail], { type: "text/javascript" })));
    worker.postMessage({ program });
  } catch {
    return here;
  }
  const there = (latent) => new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = reject;
    worker.postMessage({ latent, channels });
  });
  let working = true;
  return async (latent) => {
    if (working) {
      try {
        return await there(latent);
      } catch {
        working = false;
      }
    }
    return here(latent);
  };
}

const engineSource = typeof document === "undefined" ? "" : document.currentScript.textContent;
const workerTail = `
let run = null;
onmessage = ({ data }) => {
  if (data.program) run = makeEngine(data.program);
  else postMessage(toRgba(run(data.latent), data.channels));
};`;
