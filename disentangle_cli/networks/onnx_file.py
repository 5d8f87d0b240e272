"""Reading ONNX files that come from elsewhere.

An ONNX file is a graph of operators, not code, but it can name other files (external data) and operators
from shared libraries (custom ops). Both are refused before onnxruntime sees the file.
"""

import threading
from collections.abc import Iterator
from typing import Any

from disentangle_cli.errors import UsageError
from disentangle_cli.lines import one_line

STANDARD_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
MAX_REASON = 200
MAX_BYTES = 2**31 - 1
"""What one ONNX file can hold (a limit of protocol buffers)."""


def check(data: bytes) -> None:
    """Refuse anything but a self-contained graph of standard operators.

    Raises:
        UsageError: not an ONNX model, external data, operators outside the ONNX standard, or the extra
            ``onnx`` is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise missing_extra() from None
    try:
        model = onnx.ModelProto.FromString(data)
    except Exception:  # protobuf's own error class cannot be named without its (untyped) package
        raise UsageError("not an ONNX model, or damaged") from None
    if not model.graph.node or not model.graph.output:
        raise UsageError("not an ONNX model (it has no graph)")
    own = {(function.domain, function.name) for function in model.functions}
    _check_tensors(model.graph)
    for node in _nodes(model):
        if node.domain not in STANDARD_DOMAINS and (node.domain, node.op_type) not in own:
            raise UsageError(
                f"operator {node.domain}.{node.op_type} is not in the ONNX standard; custom operators are "
                "refused: export the model again with standard ones"
            )


def open_session(data: bytes) -> Any:
    """An onnxruntime session of checked bytes, on the CPU with as many threads as torch uses.

    Raises:
        UsageError: as :func:`check`, or onnxruntime cannot run the graph.
    """
    check(data)
    try:
        import onnxruntime
    except ImportError:
        raise missing_extra() from None
    import torch

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors come as exceptions, and only so
    options.intra_op_num_threads = torch.get_num_threads()
    # what was checked is an ONNX file; onnxruntime must not take it for one of its own format
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        # a second try with the same provider would fail as well, after a page of complaints on stdout
        return onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"], enable_fallback=False
        )
    except Exception as error:  # onnxruntime has no common class of its own
        raise UsageError(f"onnxruntime cannot run it: {reason(error)}") from None


def run_for(session: Any, outputs: list[str] | None, feed: dict[str, Any], seconds: float) -> list[Any]:
    """The ``outputs`` of a session, all by default.

    Raises:
        UsageError: it was stopped after ``seconds``; onnxruntime raises what else there is.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    timer = threading.Timer(seconds, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        found: list[Any] = session.run(outputs, feed, options)
    except Exception as error:
        if options.terminate:
            raise UsageError(f"it was stopped after {seconds:.0f} seconds") from error
        raise
    finally:
        timer.cancel()
    return found


def reason(error: BaseException) -> str:
    """What onnxruntime says, in one short line."""
    return one_line(error).rpartition("Status Message: ")[2][:MAX_REASON]


def missing_extra() -> UsageError:
    """The error of an installation without onnxruntime."""
    return UsageError("ONNX models need onnxruntime and onnx: pip install 'disentangle-cli[onnx]'")


def _nodes(model: Any) -> Iterator[Any]:
    """All nodes of a model, those of functions and nested graphs included; checks their tensors."""
    waiting = list(model.graph.node)
    for function in model.functions:
        waiting += function.node
        waiting += _inside(function.attribute_proto)  # defaults of its attributes
    while waiting:
        node = waiting.pop()
        yield node
        waiting += _inside(node.attribute)


def _inside(attributes: Any) -> list[Any]:
    """The nodes of the graphs in attributes, whose tensors are checked."""
    nodes: list[Any] = []
    for attribute in attributes:
        _refuse_external([attribute.t, *attribute.tensors])
        _refuse_external(
            part
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors)
            for part in (sparse.values, sparse.indices)
        )
        for graph in (attribute.g, *attribute.graphs):
            _check_tensors(graph)
            nodes += graph.node
    return nodes


def _check_tensors(graph: Any) -> None:
    _refuse_external(graph.initializer)
    _refuse_external(part for sparse in graph.sparse_initializer for part in (sparse.values, sparse.indices))


def _refuse_external(tensors: Any) -> None:
    import onnx

    for tensor in tensors:
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise UsageError(
                "its weights are in another file (external data), which is refused: export it as one file, "
                "e.g. torch.onnx.export(..., external_data=False)"
            )
