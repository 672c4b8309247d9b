using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Op = Masquerade.Networks.Checkpoints.Pickle.PickleOpcode;

namespace Masquerade.Networks.Checkpoints.Pickle;

/// <summary>
/// Reads one pickle (Python's stack machine for data, protocols 2 to 5) as data: numbers, text, lists, tuples, dictionaries, and the few
/// classes of <see cref="PickleGlobals"/>, each of which is a function here. Any other name or instruction is refused where it stands, so
/// nothing that a file asks for is ever run.
/// </summary>
internal sealed class PickleReader
{
    // Instructions take memory (an empty dictionary is one byte); the largest published checkpoints of vision models need a tenth of it.
    private const int MaxInstructions = 2_000_000;
    private const int MaxLine = 1024;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly BoundedReader _reader;
    private readonly CheckpointSource _source;
    private readonly Func<object?, object?>? _persistent;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private Op _opcode;

    private PickleReader(BoundedReader reader, Func<object?, object?>? persistent)
        => (_reader, _source, _persistent) = (reader, reader.Source, persistent);

    /// <summary>Reads one pickle and leaves the reader behind it.</summary>
    /// <param name="reader">At the first byte of the pickle.</param>
    /// <param name="persistent">What stands for an object that the pickle refers to outside itself; null refuses such.</param>
    /// <returns>
    /// null, bool, long, <see cref="BigInteger"/>, double, string, byte[], object?[] (a tuple), List&lt;object?&gt;,
    /// <see cref="PickledDictionary"/>, or what a global or <paramref name="persistent"/> made.
    /// </returns>
    public static object? Read(BoundedReader reader, Func<object?, object?>? persistent = null)
        => new PickleReader(reader, persistent).Run();

    private object? Run()
    {
        for (var instructions = 0; ; instructions++)
        {
            if (instructions == MaxInstructions)
                throw _source.Fail($"its pickle has more than {MaxInstructions} instructions; save only the weights, or use safetensors");
            _opcode = (Op)_reader.ReadByte();
            if (_opcode == Op.Stop) return _stack.Count == 1 && _marks.Count == 0 ? _stack[0] : throw Malformed();
            Step();
        }
    }

    private void Step()
    {
        switch (_opcode)
        {
            case Op.Proto:
                var protocol = _reader.ReadByte();
                if (protocol is < 2 or > 5) throw _source.Fail($"its pickle is of protocol {protocol}; 2 to 5 are read");
                break;
            case Op.Frame: _reader.ReadInt64(); break;
            case Op.Mark: _marks.Push(_stack.Count); break;

            case Op.None: Push(null); break;
            case Op.NewTrue: Push(true); break;
            case Op.NewFalse: Push(false); break;
            case Op.BinInt: Push((long)_reader.ReadInt32()); break;
            case Op.BinInt1: Push((long)_reader.ReadByte()); break;
            case Op.BinInt2: Push((long)_reader.ReadUInt16()); break;
            case Op.Long1: Push(Long(_reader.ReadBytes(_reader.ReadByte()))); break;
            case Op.BinFloat: Push(BinaryPrimitives.ReadDoubleBigEndian(_reader.ReadBytes(8))); break;

            case Op.BinUnicode: Push(Text(_reader.ReadBytes((uint)_reader.ReadInt32()))); break;
            case Op.ShortBinUnicode: Push(Text(_reader.ReadBytes(_reader.ReadByte()))); break;
            case Op.BinUnicode8: Push(Text(_reader.ReadBytes(_reader.ReadInt64()))); break;
            case Op.BinString: Push(Encoding.Latin1.GetString(_reader.ReadBytes((uint)_reader.ReadInt32()))); break;
            case Op.ShortBinString: Push(Encoding.Latin1.GetString(_reader.ReadBytes(_reader.ReadByte()))); break;
            case Op.BinBytes: Push(_reader.ReadBytes((uint)_reader.ReadInt32())); break;
            case Op.ShortBinBytes: Push(_reader.ReadBytes(_reader.ReadByte())); break;
            case Op.BinBytes8: Push(_reader.ReadBytes(_reader.ReadInt64())); break;

            case Op.EmptyTuple: Push(Array.Empty<object?>()); break;
            case Op.Tuple: Push(PopToMark()); break;
            case Op.Tuple1: Push(PopLast(1)); break;
            case Op.Tuple2: Push(PopLast(2)); break;
            case Op.Tuple3: Push(PopLast(3)); break;
            case Op.EmptyList: Push(new List<object?>()); break;
            case Op.EmptyDict: Push(new PickledDictionary()); break;
            case Op.Append: Append(PopLast(1)); break;
            case Op.Appends: Append(PopToMark()); break;
            case Op.SetItem: SetItems(PopLast(2)); break;
            case Op.SetItems: SetItems(PopToMark()); break;

            case Op.BinPut: Remember(_reader.ReadByte()); break;
            case Op.LongBinPut: Remember((uint)_reader.ReadInt32()); break;
            case Op.Memoize: Remember(_memo.Count); break;
            case Op.BinGet: Push(Recall(_reader.ReadByte())); break;
            case Op.LongBinGet: Push(Recall((uint)_reader.ReadInt32())); break;

            case Op.Global: Push(PickleGlobals.Find(_source, Line(), Line())); break;
            case Op.StackGlobal:
                Push(PopLast(2) is [string module, string name] ? PickleGlobals.Find(_source, module, name) : throw Malformed());
                break;
            case Op.Reduce: Push(Reduce(PopLast(2))); break;
            case Op.Build: Build(PopLast(1)[0], Top()); break;
            case Op.BinPersId when _persistent is not null: Push(_persistent(PopLast(1)[0])); break;

            default: throw Refused();
        }
    }

    private object? Reduce(object?[] callAndArguments)
    {
        if (callAndArguments is not [var target, object?[] arguments]) throw Malformed();
        return target is PickleGlobal { Call: { } call }
            ? call(_source, arguments)
            : throw _source.Fail($"it calls {Describe(target)}, which is not a function that weights need; nothing was run. "
                + "Save only the weights (a state dict), or use safetensors");
    }

    private void Build(object? state, object? target)
    {
        switch (target)
        {
            // What a state dict carries besides its items (the version of each layer) says nothing about the weights.
            case PickledDictionary when state is PickledDictionary: break;
            case PickledArray array: array.SetState(_source, state); break;
            case NumpyType type: type.SetState(state); break;
            default:
                throw _source.Fail($"it sets the inner state of {Describe(target)}, which weights do not need; nothing was run. "
                    + "Save only the weights (a state dict), or use safetensors");
        }
    }

    private void Append(object?[] items)
    {
        if (Top() is not List<object?> list) throw Malformed();
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not PickledDictionary dictionary || items.Length % 2 != 0) throw Malformed();
        for (var i = 0; i < items.Length; i += 2) dictionary.Add(_source, items[i], items[i + 1]);
    }

    private void Push(object? value) => _stack.Add(value);

    private object?[] PopToMark()
        => _marks.TryPop(out var mark) ? Take(mark) : throw Malformed();

    private object?[] PopLast(int count)
        => _stack.Count - count >= Floor ? Take(_stack.Count - count) : throw Malformed();

    private object? Top() => _stack.Count > Floor ? _stack[^1] : throw Malformed();

    // What lies below the last mark is out of reach until the mark is gone.
    private int Floor => _marks.TryPeek(out var mark) ? mark : 0;

    private object?[] Take(int from)
    {
        var items = new object?[_stack.Count - from];
        _stack.CopyTo(from, items, 0, items.Length);
        _stack.RemoveRange(from, items.Length);
        return items;
    }

    private void Remember(long index) => _memo[index < MaxInstructions ? index : throw Malformed()] = Top();

    private object? Recall(long index) => _memo.TryGetValue(index, out var value) ? value : throw Malformed();

    private string Line()
    {
        var line = new StringBuilder();
        for (var value = _reader.ReadByte(); value != '\n'; value = _reader.ReadByte())
        {
            if (line.Length == MaxLine) throw _source.Fail("its pickle has an endless line; the file is damaged or hostile");
            line.Append((char)value);
        }
        return line.ToString();
    }

    private string Text(byte[] bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException(_source.Fail("its pickle has text that is not UTF-8; the file is damaged").Message, e);
        }
    }

    private static object Long(byte[] bytes)
    {
        var value = new BigInteger(bytes);
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private static string Describe(object? value) => value switch
    {
        PickleGlobal global => CheckpointSource.Quote(global.Name),
        null => "None",
        _ => $"a {value.GetType().Name}",
    };

    private InputException Malformed()
        => _source.Fail($"its pickle is malformed at the instruction {Name()}; the file is damaged, or not a checkpoint");

    private InputException Refused()
        => _source.Fail($"its pickle uses the instruction {Name()}, which weights do not need; nothing was run. "
            + "Save only the weights (a state dict), or use safetensors");

    private string Name() => Enum.IsDefined(_opcode) ? _opcode.ToString() : $"0x{(byte)_opcode:x2}";
}
