using System.Text;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Sampling;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>
/// Bodies that Orleans' serializer follows to the end of its stack, or past the limits that a reader of fields alone would set: written byte by byte, as no
/// serializer would. A field is a tag (3 bits wire type, 2 bits how a type follows, 3 bits how much the id grows), then its value.
/// </summary>
internal static class HostileBodies
{
    private const byte End = 0xE0;

    /// <summary>How deep it goes: more than the stack of a thread holds.</summary>
    private const int Deep = 100_000;

    /// <summary>Each by its name.</summary>
    public static Dictionary<string, byte[]> All { get; } = new()
    {
        ["arrays of objects in arrays of objects"] = Nested([0x28, 0x2F, 0, 3], [0x29, 0x2F, 0, 3]),
        ["arrays of objects in a text's place"] = [.. Call(), .. Nested([0x28, 0x2F, 0, 3], [0x29, 0x2F, 0, 3]), End],
        ["lists of objects in lists"] = Named("System.Collections.Generic.List`1[[object]]", [0, 3], [0x39, 3, 0, 3]),
        ["dictionaries in dictionaries"] = Named("System.Collections.Generic.Dictionary`2[[int],[object]]", [0x01, 3, 1, 1], [0x38, 3, 1, 3, 1, 1]),
        ["exceptions in exceptions"] = Nested([0x28, 0x2B], [0x2B, 0x2B]),
        ["fields that nobody knows"] = [.. Call(), .. Nested([0x26], [0x21]), End],
        ["fields that nobody knows in a call without arguments"] = [.. Call(Aliases.RunStatusOf), .. Nested([0x21], [0x20]), End],
        ["a generic type of generic types"] = Typed(string.Concat(Enumerable.Repeat("System.Nullable`1[[", Deep)) + "int" + string.Concat(Enumerable.Repeat("]]", Deep))),
        ["an alias of aliases"] = Typed(string.Concat(Enumerable.Repeat("([", Deep))),
        ["a type's name in an exception"] = [0x28, 0x2B, 0x40, .. Text(string.Concat(Enumerable.Repeat("([", Deep))), End],
        ["streams that begin with the beginning of a stream"] = Streams(),
        ["fields that refer to each other"] = Chain(),
        ["a type that was made up"] = Typed("MadeUp" + Guid.NewGuid().ToString("N") + "Exception"),
        ["a good type with a hash that was made up"] = Call()[..2].Concat(new byte[] { 1, 2, 3, 4 }).Concat(Call()[6..]).Append(End).ToArray(),
        ["a number in nine bytes"] = [.. Call(), 0x01, 0, 1, 0, 0, 0, 0, 0, 0, 0, End],
        ["a number in ten bytes"] = [.. Call(), 0x01, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, End],
        ["half a number that hides fields"] = HalfNumber(),
        ["an end that is none"] = [.. Call(), 0xF0, End],
        ["the end of a base that there is not"] = [.. Call(), 0xE8, End],
        ["the end of an object before that of its base"] = [.. Call(Aliases.Watch), End, .. Nested([0x21], [0x20]), End],
        ["a field twice"] = [.. Call(), 0x40, 1, 0x40, 1, End],
        ["something behind the end"] = [.. Call(), End, .. Nested([0x20], [0x20])],
        ["no call at all"] = [0x48, 5, 3, (byte)'x'],
        ["half a call"] = Call(),
    };

    /// <summary>The same as the one value of a request context, as much of it as a header holds; a text may stand there.</summary>
    public static Dictionary<string, byte[]> InContext { get; } = All.Append(new("fields that nobody knows in an exception", Nested([0x28, 0x2B, 0x26], [0x21])))
        .Where(b => b.Key != "no call at all").ToDictionary(b => b.Key, byte[] (b) => [3, .. Text("k", 1), .. b.Value.Take(60_000)]);

    /// <summary>One in the other: how the first begins, how all others do, and as many ends.</summary>
    public static byte[] Nested(byte[] first, byte[] next, int depth = Deep) =>
        [.. first, .. Enumerable.Repeat(next, depth - 1).SelectMany(b => b), .. Enumerable.Repeat(End, depth)];

    /// <summary>A call's beginning: its type; its fields and its end are to follow.</summary>
    public static byte[] Call(string? alias = null) => Start(Frames.Body(alias is null ? Frames.Submit("") : Frames.Own(alias)));

    private static byte[] Start(byte[] body)
    {
        // Tag, version, hash, length, name.
        int length = (body[6] & 1) == 1 ? body[6] >> 1 : ((body[6] >> 2) | (body[7] << 6));
        return body[..((body[6] & 1) == 1 ? 7 + length : 8 + length)];
    }

    private static byte[] Typed(string name) => [0x30, 1, 0, 0, 0, 0, .. Text(name), End];

    private static byte[] Named(string name, byte[] first, byte[] next) => Nested([0x30, 1, 0, 0, 0, 0, .. Text(name), .. first], next);

    // A stream's first call, in the place of the call in it, and so on: each names its type anew.
    private static byte[] Streams()
    {
        byte[] start = Start(Frames.Body(Frames.StartOfStream()));
        byte[] id = [0x40, 33, .. new byte[16]];
        byte[] inner = [(byte)(start[0] | 1), .. start[1..], .. id];
        return Nested([.. start, .. id], inner, 20_000);
    }

    // Fields that a call has not, each an array that holds the one before it; the first field that it has refers to the last of them.
    private static byte[] Chain()
    {
        List<byte> body = [.. Call()];
        body.Add(0x46);
        body.Add(1);
        for (int i = 2; i < 60; i++)
        {
            body.AddRange([0x29, 0x2F, 0, 3, 0xC1, (byte)((2 * i << 1) | 1), End]);
        }

        body.AddRange([0xC1, 0x71, End]);
        return [.. body];
    }

    // Where a double is expected, a number of variable length is two bytes to the serializer, whatever they are; to others it is one or more.
    private static byte[] HalfNumber()
    {
        byte[] body = Frames.Body(Frames.StreamWith(new SampleRequest { Run = "r", Guidance = 1.5 }));
        ReadOnlySpan<byte> guidance = [0x81, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F];
        int at = body.AsSpan().IndexOf(guidance);
        return [.. body[..at], 0x01, 1, 0x41, .. Text(Encoding.Latin1.GetString(Nested([0x20], [0x20], 1000))), .. body[(at + 9)..]];
    }

    private static byte[] Text(string text, int more = 0)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        uint number = (((uint)(bytes.Length + more) << 5) | 0x10); // Five bytes, as long as it may be.
        return [(byte)number, (byte)(number >> 8), (byte)(number >> 16), (byte)(number >> 24), 0, .. bytes];
    }
}
