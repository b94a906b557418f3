// parse_schema: from a .bfbs that anyone may have written to a layout, or to a sentence that says what is wrong where.
//
// The FlatBuffers verifier vouches for offsets and strings inside the buffer, for nothing that they mean: every index,
// size, count and name is checked here before it is used.
#include <flatbuffers/reflection.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "relay/core/attributes.h"
#include "relay/core/layout.h"
#include "relay/core/limits.h"
#include "schema/state/quat.h"

namespace tickrelay {
namespace {

constexpr int nesting_max = 16;                     // structs in structs; ends circles
constexpr std::size_t schema_name_bytes_max = 128;  // a component's; a flattened field's
constexpr std::size_t objects_max = 4096;
constexpr std::size_t schema_tables_max = 100'000;  // what the verifier visits, shared ones each time
constexpr std::string_view own_names[] = {"tickrelay.Owner", "tickrelay.Player", "tickrelay.Room"};

std::optional<FieldType> scalar(int base_type) {
    switch (base_type) {
        case reflection::Bool: return FieldType::Bool;
        case reflection::Byte: return FieldType::Int8;
        case reflection::UByte: return FieldType::UInt8;
        case reflection::Short: return FieldType::Int16;
        case reflection::UShort: return FieldType::UInt16;
        case reflection::Int: return FieldType::Int32;
        case reflection::UInt: return FieldType::UInt32;
        case reflection::Long: return FieldType::Int64;
        case reflection::ULong: return FieldType::UInt64;
        case reflection::Float: return FieldType::Float32;
        case reflection::Double: return FieldType::Float64;
        default: return std::nullopt;
    }
}

bool read_priority(std::string_view text, std::uint8_t& priority) {
    unsigned number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size() || number < 1 || number > priority_max) return false;
    priority = static_cast<std::uint8_t>(number);
    return true;
}

// Read as the byte it is: the library's enum has no value for most of what may stand there.
int type_byte(const reflection::Type& type, flatbuffers::voffset_t member) {
    return reinterpret_cast<const flatbuffers::Table&>(type).GetField<std::int8_t>(member, 0);
}

bool is_array(const reflection::Type& type) {
    return type_byte(type, reflection::Type::VT_BASE_TYPE) == reflection::Array;
}

// The type itself, or what an array or vector is made of.
int innermost(const reflection::Type& type) {
    const int base = type_byte(type, reflection::Type::VT_BASE_TYPE);
    const bool many = base == reflection::Array || base == reflection::Vector;
    return many ? type_byte(type, reflection::Type::VT_ELEMENT) : base;
}

std::string_view text(const flatbuffers::String* string) {
    return string == nullptr ? std::string_view() : std::string_view(string->c_str(), string->size());
}

// As flatc admits them; a qualified one has dots. Keeps zero bytes and endless text out of all that follows.
bool is_name(std::string_view name, bool qualified) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    bool starts = true;
    for (char c : name) {
        const bool dot = c == '.' && qualified;
        if (starts ? !letter(c) : !letter(c) && !digit(c) && !dot) return false;
        starts = dot;
    }
    return !starts && name.size() <= schema_name_bytes_max;
}

// What a struct's field is made of: `count` values or structs of `width` bytes each.
struct Shape {
    const reflection::Object* inner = nullptr;  // of a struct; else `type` counts
    FieldType type = FieldType::Bool;
    std::size_t width = 0;
    std::size_t count = 1;
};

using Objects = flatbuffers::Vector<flatbuffers::Offset<reflection::Object>>;

class SchemaReader {
  public:
    explicit SchemaReader(const reflection::Schema& schema) : schema_(schema), objects_(*schema.objects()) {}

    bool read();
    std::vector<Component> components;
    std::string error;

  private:
    bool fail(std::string_view where, std::string_view what);
    bool check_names();
    bool find_references();
    bool refer(std::string_view from, const reflection::Type& type, std::optional<std::uint32_t> self);
    bool read_attributes(const reflection::Object& object, bool is_component, bool& player, std::uint8_t& priority);
    bool read_component(const reflection::Object& object, bool player, std::uint8_t priority);
    bool flatten(const reflection::Object& object, std::size_t at, const std::string& prefix, const Attributes& outer,
                 int depth);
    bool measure(const reflection::Field& field, const std::string& path, Shape& shape);
    bool flatten_field(const reflection::Field& field, const Shape& shape, std::size_t at, const std::string& path,
                       Attributes attributes, int depth);
    bool add_field(const std::string& path, FieldType type, std::size_t offset, const Attributes& attributes);
    bool check_groups();

    // "arena.Transform.pos.x", for sentences.
    [[nodiscard]] std::string place(const std::string& field) const { return component_->name + '.' + field; }

    const reflection::Schema& schema_;
    const Objects& objects_;
    std::vector<bool> referred_;
    Component* component_ = nullptr;  // the one being read
};

bool SchemaReader::fail(std::string_view where, std::string_view what) {
    error.assign(where).append(": ").append(what);
    return false;
}

bool SchemaReader::read() {
    if (objects_.size() > objects_max) return fail("schema", "more than 4096 types");
    if (!check_names() || !find_references()) return false;
    const std::string_view root = schema_.root_table() == nullptr ? "" : text(schema_.root_table()->name());
    for (std::uint32_t i = 0; i < objects_.size(); ++i) {
        const reflection::Object& object = *objects_.Get(i);
        const bool is_component = !referred_[i] || text(object.name()) == root;
        bool player = false;
        std::uint8_t priority = 1;
        if (!read_attributes(object, is_component, player, priority)) return false;
        if (is_component && !read_component(object, player, priority)) return false;
    }
    std::ranges::sort(components, {}, &Component::name);
    return true;
}

bool SchemaReader::check_names() {
    std::vector<std::string_view> names(std::begin(own_names), std::end(own_names));
    for (const reflection::Object* object : objects_) {
        names.push_back(text(object->name()));
        if (!is_name(names.back(), true)) return fail("schema", "a type's name is no identifier or is over 128 bytes");
    }
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    return twice == names.end() || fail(*twice, "two types have this name, or it is tickrelay's own");
}

bool SchemaReader::find_references() {
    referred_.assign(objects_.size(), false);
    for (std::uint32_t i = 0; i < objects_.size(); ++i) {
        const reflection::Object& object = *objects_.Get(i);
        for (const reflection::Field* field : *object.fields()) {
            if (!refer(text(object.name()), *field->type(), i)) return false;
        }
    }
    for (const reflection::Enum* one : *schema_.enums()) {
        if (!one->is_union()) continue;
        for (const reflection::EnumVal* value : *one->values()) {
            if (value->union_type() != nullptr && !refer(text(one->name()), *value->union_type(), std::nullopt))
                return false;
        }
    }
    return true;
}

bool SchemaReader::refer(std::string_view from, const reflection::Type& type, std::optional<std::uint32_t> self) {
    if (innermost(type) != reflection::Obj) return true;
    if (type.index() < 0 || static_cast<std::uint32_t>(type.index()) >= objects_.size())
        return fail(from, "refers to a type that is not there");
    const auto index = static_cast<std::uint32_t>(type.index());
    if (index != self) referred_[index] = true;
    return true;
}

bool SchemaReader::read_attributes(const reflection::Object& object, bool is_component, bool& player, std::uint8_t& priority) {
    if (object.attributes() == nullptr) return true;
    for (const reflection::KeyValue* attribute : *object.attributes()) {
        const std::string_view key = text(attribute->key());
        player |= key == "player";
        if (key == "priority" && !read_priority(text(attribute->value()), priority))
            return fail(text(object.name()), "priority is a whole number from 1 to 100");
        if (key == "priority" && !is_component) return fail(text(object.name()), "priority belongs on a component");
        for (std::string_view other : {"precision", "min", "max", "angle", "quat", "position"}) {
            if (key == other) return fail(text(object.name()), std::string(key) + " belongs on a field");
        }
    }
    return !player || is_component ||
           fail(text(object.name()), "player, but other types refer to it: it is no component");
}

bool SchemaReader::read_component(const reflection::Object& object, bool player, std::uint8_t priority) {
    if (components.size() + first_schema_component >= limits::components_max)
        return fail(text(object.name()), "one component too many: at most 61");
    component_ = &components.emplace_back();
    component_->name = text(object.name());
    component_->player = player;
    component_->priority = priority;
    if (!object.is_struct()) return true;
    if (!flatten(object, 0, "", {}, 0) || !check_groups()) return false;
    component_->bytes = static_cast<std::uint16_t>(object.bytesize());
    return true;
}

// The fields lie in the struct one behind the other: so each takes a byte of it at least, and the work is bounded by
// its size times nesting_max.
bool SchemaReader::flatten(const reflection::Object& object, std::size_t at, const std::string& prefix,
                           const Attributes& outer, int depth) {
    const std::string where = component_->name + (prefix.empty() ? "" : '.' + prefix.substr(0, prefix.size() - 1));
    if (depth > nesting_max) return fail(where, "structs are nested more than 16 deep, or in a circle");
    if (!object.is_struct()) return fail(where, "a table inside a struct");
    if (object.bytesize() < 1) return fail(where, "a struct without fields");
    const auto bytes = static_cast<std::size_t>(object.bytesize());
    if (bytes > limits::component_bytes_max) return fail(where, "more than 1024 bytes");
    if (object.fields()->size() < 1 || object.fields()->size() > bytes)
        return fail(where, "more fields than bytes, or none");

    std::vector<const reflection::Field*> fields(object.fields()->begin(), object.fields()->end());
    std::ranges::sort(fields, {}, &reflection::Field::offset);
    std::size_t end = 0;
    for (const reflection::Field* field : fields) {
        const std::string_view name = text(field->name());
        if (!is_name(name, false)) return fail(where, "a field's name is no identifier or is over 128 bytes");
        const std::string path = prefix + std::string(name);
        Shape shape;
        if (!measure(*field, path, shape)) return false;
        if (field->offset() < end) return fail(place(path), "overlaps the field before it");
        end = field->offset() + shape.width * shape.count;
        if (end > bytes) return fail(place(path), "reaches beyond its struct");
        if (!flatten_field(*field, shape, at + field->offset(), path, outer, depth)) return false;
    }
    return true;
}

bool SchemaReader::measure(const reflection::Field& field, const std::string& path, Shape& shape) {
    const reflection::Type& type = *field.type();
    const int inner = innermost(type);
    if (type_byte(type, reflection::Type::VT_BASE_TYPE) == reflection::Vector ||
        (inner != reflection::Obj && !scalar(inner)))
        return fail(place(path), "only bool, numbers, enums, structs and arrays of those");
    if (inner == reflection::Obj) {
        shape.inner = objects_.Get(static_cast<std::uint32_t>(type.index()));  // in range: find_references
        if (shape.inner->bytesize() < 1) return fail(place(path), "a struct without fields, or a table");
        shape.width = static_cast<std::size_t>(shape.inner->bytesize());
    } else {
        shape.type = *scalar(inner);
        shape.width = width_of(shape.type);
    }
    if (is_array(type)) shape.count = type.fixed_length();
    return shape.count > 0 || fail(place(path), "an array without elements");
}

bool SchemaReader::flatten_field(const reflection::Field& field, const Shape& shape, std::size_t at,
                                 const std::string& path, Attributes attributes, int depth) {
    if (field.attributes() != nullptr) {
        for (const reflection::KeyValue* attribute : *field.attributes()) {
            const std::string wrong = attributes.read(text(attribute->key()), text(attribute->value()));
            if (!wrong.empty()) return fail(place(path), wrong);
        }
    }
    for (std::size_t i = 0; i < shape.count; ++i) {
        const std::string element = is_array(*field.type()) ? path + '[' + std::to_string(i) + ']' : path;
        const std::size_t offset = at + i * shape.width;
        if (shape.inner != nullptr ? !flatten(*shape.inner, offset, element + '.', attributes, depth + 1)
                                   : !add_field(element, shape.type, offset, attributes))
            return false;
    }
    return true;
}

bool SchemaReader::add_field(const std::string& path, FieldType type, std::size_t offset,
                             const Attributes& attributes) {
    std::vector<Field>& fields = component_->fields;
    if (fields.size() == limits::fields_max) return fail(component_->name, "more than 64 fields");
    if (path.size() > schema_name_bytes_max) return fail(place(path), "a flattened name of more than 128 bytes");
    if (std::ranges::find(fields, path, &Field::name) != fields.end())
        return fail(place(path), "two fields have this name");
    Field& field = fields.emplace_back();
    field.name = path;
    field.type = type;
    field.offset = static_cast<std::uint16_t>(offset);
    const std::string wrong = attributes.apply_to(field);
    return wrong.empty() || fail(place(path), wrong);
}

// Quaternions come in fours; an entity is in one place.
bool SchemaReader::check_groups() {
    const std::vector<Field>& fields = component_->fields;
    std::size_t run = 0;
    for (const Field& field : fields) {
        if (!field.has(FieldFlags::Quat) && run % 4 != 0)
            return fail(place(field.name), "quat before it is not on four floats");
        run = field.has(FieldFlags::Quat) ? run + 1 : 0;
    }
    if (run % 4 != 0) return fail(place(fields.back().name), "quat is not on four floats");
    if (!quats_are_whole(fields)) return fail(component_->name, "the four fields of a quat have different precisions");
    const auto is_position = [](const Field& field) { return field.has(FieldFlags::Position); };
    if (std::ranges::count_if(fields, is_position) > 3)
        return fail(component_->name, "position is on more than three fields");
    return true;
}

}  // namespace

std::variant<LayoutPointer, std::string> parse_schema(std::span<const std::byte> bfbs) {
    if (bfbs.empty()) return std::make_shared<const Layout>(std::vector<Component>());
    if (bfbs.size() > limits::schema_bytes_max) return "schema: more than 256 KiB";
    const std::vector<std::byte> aligned(bfbs.begin(), bfbs.end());
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(aligned.data());
    flatbuffers::Verifier verifier(bytes, aligned.size(), 64, schema_tables_max);
    if (!reflection::VerifySchemaBuffer(verifier))
        return "schema: no FlatBuffers binary schema (flatc --binary --schema)";
    SchemaReader reader(*reflection::GetSchema(bytes));
    if (!reader.read()) return std::move(reader.error);
    return std::make_shared<const Layout>(std::move(reader.components));
}

}  // namespace tickrelay
