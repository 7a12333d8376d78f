using System.Reflection;
using System.Runtime.CompilerServices;

using Orleans;

namespace OrleansDDM.Tests.House;

/// <summary>Messages of any type with something in them: texts of x, arrays; numbers stay 0.</summary>
internal static class FilledMessages
{
    /// <summary>A text or an array of so many elements; null = nothing of the type can be large by itself.</summary>
    public static object? Filled(Type type, int length)
    {
        if (type == typeof(string))
        {
            return new string('x', length);
        }

        if (!type.IsArray)
        {
            return null;
        }

        Type element = type.GetElementType()!;
        Array array = Array.CreateInstance(element, length);
        object? item = element.IsPrimitive ? null : Filled(element, 1) ?? Message(element);
        for (int i = 0; item is not null && i < length; i++)
        {
            array.SetValue(item, i);
        }

        return array;
    }

    /// <summary>What travels of a message.</summary>
    public static IEnumerable<PropertyInfo> MembersOf(Type type) => type.GetProperties().Where(p => p.IsDefined(typeof(IdAttribute), false) && p.CanWrite);

    /// <summary>A message with all that it may hold, one element of each.</summary>
    public static object Message(Type type)
    {
        object message = RuntimeHelpers.GetUninitializedObject(type);
        foreach (PropertyInfo member in MembersOf(type))
        {
            bool nested = member.PropertyType.IsClass && member.PropertyType.Assembly == type.Assembly;
            member.SetValue(message, Filled(member.PropertyType, 1) ?? (nested ? Message(member.PropertyType) : member.GetValue(message)));
        }

        return message;
    }
}
