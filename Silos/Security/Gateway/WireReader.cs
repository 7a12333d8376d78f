using System.Buffers;
using System.Numerics;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>
/// Goes through what a client's message holds, and throws where it is not what the client's serializer writes: a field that its type has not, a type by name
/// that no call has, a number in a spelling that the silo's serializer may read in two ways. Depth is that of the types.
/// </summary>
internal ref struct WireReader(ReadOnlySequence<byte> bytes, GatewayCalls calls)
{
    private const int MaxName = 1024;
    private const int End = 0xE0;
    private const int EndBase = 0xE8;

    private readonly GatewayCalls _calls = calls;
    private SequenceReader<byte> _rest = new(bytes);

    /// <summary>Whether all has been read.</summary>
    public readonly bool AtEnd => _rest.End;

    /// <summary>Reads past so many bytes.</summary>
    /// <exception cref="GatewayException">There are fewer.</exception>
    public void Skip(long count)
    {
        if (count > _rest.Remaining)
        {
            throw Wrong("end too early");
        }

        _rest.Advance(count);
    }

    /// <summary>Reads a number of variable length and at most 32 bits.</summary>
    /// <exception cref="GatewayException">It is longer.</exception>
    public uint Number32()
    {
        ulong value = Number(5);
        return value <= uint.MaxValue ? (uint)value : throw Wrong("hold a number out of range");
    }

    /// <summary>Reads a call.</summary>
    /// <exception cref="GatewayException">It is none that clients make.</exception>
    public void Call()
    {
        Tag tag = Next();
        Value(tag, tag.Name is not null && tag.Wire == WireShape.TagDelimited ? _calls.Call(tag.Name) : throw Wrong("hold no call"));
    }

    /// <summary>Reads a client's greeting.</summary>
    /// <exception cref="GatewayException">It is none.</exception>
    public void Greeting()
    {
        Tag tag = Next();
        Value(tag, tag.Name is null && tag.WellKnown is null ? WireShape.Greeting : throw Wrong("hold a value of another type"));
    }

    /// <summary>Reads a value of the request context: a text, a number, an id or a silo's address.</summary>
    /// <exception cref="GatewayException">It is something else.</exception>
    public void ContextValue()
    {
        Tag tag = Next();
        WireShape shape = tag.Name is not null ? _calls.ContextType(tag.Name)
            : GatewayCalls.ContextType(tag.WellKnown) ?? (tag.Wire == WireShape.Reference ? WireShape.Bytes : throw Wrong($"hold a value of type {tag.WellKnown} in the request context"));
        Value(tag, shape);
    }

    private static GatewayException Wrong(string what) => new($"bytes that {what}, where a call of this cluster's clients was expected");

    private void Value(Tag tag, WireShape shape)
    {
        if (tag.Wire > WireShape.Reference || !shape.Has(tag.Wire))
        {
            throw Wrong("hold a value of another kind");
        }

        switch (tag.Wire)
        {
            case WireShape.VarInt:
                Number(8);
                break;
            case WireShape.TagDelimited:
                Members(shape);
                break;
            case WireShape.LengthPrefixed:
                Skip(Number32());
                break;
            case WireShape.Fixed32:
                Skip(4);
                break;
            case WireShape.Fixed64:
                Skip(8);
                break;
            default:
                Number32();
                break;
        }
    }

    private void Members(WireShape shape)
    {
        int section = 0;
        long id = -1;
        while (true)
        {
            Tag tag = Next();
            bool last = section == shape.Sections.Length - 1;
            if (tag.Byte == End && last)
            {
                return;
            }

            if (tag.Byte == EndBase && !last)
            {
                section++;
                id = -1;
                continue;
            }

            // Each field once and in order, as it is written: what the serializer does not expect it keeps, to read it again where something refers to it.
            bool again = tag.Delta == 0 && id >= 0;
            id = Math.Max(id, 0) + tag.Delta;
            if (tag.Byte >= End || (again && !(shape.IsArray && id == 1)) || id >= shape.Sections[section].Length || shape.Sections[section][id] is not { } field)
            {
                throw Wrong("hold a field that there is not");
            }

            if (field.IsStream)
            {
                Value(tag, tag.Name is null ? throw Wrong("begin a stream without a call") : _calls.Stream(tag.Name));
            }
            else if (tag.Name is not null || (tag.WellKnown is { } type && !(field == WireShape.Number && GatewayCalls.ContextType(type) == field)))
            {
                throw Wrong("hold a value of another type");
            }
            else
            {
                Value(tag, field);
            }
        }
    }

    // A byte: wire type, whether a type follows and how, how much the field's id grows; 7 = the number follows.
    private Tag Next()
    {
        byte tag = Byte();
        if (tag >= End)
        {
            return new Tag(tag, 7, 0, null, null);
        }

        uint delta = (tag & 7) == 7 ? Number32() : tag & 7u;
        return ((tag >> 3) & 3) switch
        {
            0 => new Tag(tag, tag >> 5, delta, null, null),
            1 => new Tag(tag, tag >> 5, delta, Number32(), null),
            2 => new Tag(tag, tag >> 5, delta, null, Name()),
            _ => throw Wrong("hold a type by number"),
        };
    }

    // Version, hash, length, text: all of it names the type, as silos remember each spelling.
    private byte[] Name()
    {
        SequenceReader<byte> start = _rest;
        Skip(1 + 4);
        uint length = Number32();
        if (length > MaxName)
        {
            throw Wrong($"hold a type's name of {length} bytes");
        }

        Skip(length);
        return start.UnreadSequence.Slice(0, _rest.Consumed - start.Consumed).ToArray();
    }

    // The number of zero bits before the first one, from below, says how many bytes follow the first.
    private ulong Number(int mostBytes)
    {
        byte first = Byte();
        int length = BitOperations.TrailingZeroCount(first | 0x100) + 1;
        if (length > mostBytes)
        {
            throw Wrong("hold a number that is too long");
        }

        ulong all = first;
        for (int i = 1; i < length; i++)
        {
            all |= (ulong)Byte() << (8 * i);
        }

        return all >> length;
    }

    private byte Byte() => _rest.TryRead(out byte value) ? value : throw Wrong("end too early");

    private readonly record struct Tag(byte Byte, int Wire, uint Delta, uint? WellKnown, byte[]? Name);
}
