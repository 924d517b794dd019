#pragma once

#include <array>
#include <string_view>

// What the simulated company sells, to whom and where.
namespace qlake::simulate {

struct Product {
  std::string_view fields;  // product_id,product_name,product_category
  std::string_view price;
};
// Boots and Sandals are each the name of two products.
inline constexpr std::array<Product, 30> kProducts = {{
    {"1,Laptop,Electronics", "999.99"},
    {"2,Smartphone,Electronics", "699.99"},
    {"3,Tablet,Electronics", "299.99"},
    {"4,Headphones,Electronics", "99.99"},
    {"5,T-Shirt,Clothing", "19.99"},
    {"6,Jeans,Clothing", "49.99"},
    {"7,Dress,Clothing", "59.99"},
    {"8,Sneakers,Footwear", "79.99"},
    {"9,Boots,Footwear", "129.99"},
    {"10,Sandals,Footwear", "39.99"},
    {"11,TV,Electronics", "899.99"},
    {"12,Monitor,Electronics", "299.99"},
    {"13,Printer,Electronics", "149.99"},
    {"14,Camera,Electronics", "399.99"},
    {"15,Hoodie,Clothing", "29.99"},
    {"16,Skirt,Clothing", "39.99"},
    {"17,Blouse,Clothing", "29.99"},
    {"18,Boots,Footwear", "149.99"},
    {"19,Sandals,Footwear", "29.99"},
    {"20,Heels,Footwear", "59.99"},
    {"21,Microwave,Appliances", "129.99"},
    {"22,Coffee Maker,Appliances", "79.99"},
    {"23,Toaster,Appliances", "39.99"},
    {"24,Blender,Appliances", "49.99"},
    {"25,Washing Machine,Appliances", "499.99"},
    {"26,Vacuum Cleaner,Appliances", "199.99"},
    {"27,Iron,Appliances", "29.99"},
    {"28,Hair Dryer,Appliances", "19.99"},
    {"29,Hair Straightener,Appliances", "39.99"},
    {"30,Electric Kettle,Appliances", "24.99"},
}};

inline constexpr std::array<std::string_view, 10> kFirstNames = {"Michael", "Ava",    "Alexander", "James",  "John",
                                                                 "William", "Olivia", "Emma",      "Sophia", "Mia"};
inline constexpr std::array<std::string_view, 10> kLastNames = {"Wilson", "Brown", "Williams", "Miller", "Johnson",
                                                                "Jones",  "Davis", "Taylor",   "Smith",  "Moore"};
inline constexpr std::array<std::string_view, 4> kMailDomains = {"outlook.com", "hotmail.com", "yahoo.com",
                                                                 "gmail.com"};
// What the source leaves behind an e-mail address. A quote makes it quote the whole field.
inline constexpr std::array<std::string_view, 24> kMailEndings = {";", "'", "]",  "\\",  "{",  ">",  "^",  "*",
                                                                  "[", ":", "&",  "(",   "/",  "<",  "|",  "]x",
                                                                  "m", " ", "\"", "#4r", "}4", "%x", "$u", ")x"};

inline constexpr std::array<std::string_view, 24> kStreets = {
    " Maple Street/",       " Oak Avenue/",        " Cedar Lane/",       " Hill Road/",         " Lake Drive/",
    " Park Place/",         " River Court/",       " Sunset Circle/",    " Mill Way/",          " Orchard Terrace/",
    " North 7th Avenue/",   " West 64th Drive/",   " East 56th Street/", " South Market Lane/", " Station Road/",
    " Willow Bend/",        " Church Street/",     " Garden Boulevard/", " Harbor View/",       " Birch Trail/",
    " Northwest 3rd Loop/", " Old Country Place/", " Quarry Crossing/",  " College Parkway/"};
// A number and a street whose own slash must not be taken for the one before the city.
inline constexpr std::string_view kStreetWithSlash = "421 1/2 6th Street Southeast/";

inline constexpr std::array<std::string_view, 33> kCities = {
    "Arvada/CO/80004",      "Wheat Ridge/CO/80033",   "Montgomery/AL/36117",
    "Manchester/CT/06040",  "Washington/DC/20003",    "Glendale/AZ/85308",
    "Peoria/AZ/85382",      "Waddell/AZ/85355",       "Nashville/TN/37211",
    "Louisville/KY/40245",  "Fayetteville/AR/72701",  "Savannah/GA/31405",
    "Pooler/GA/31322",      "Anchorage/AK/99507",     "Panama City/FL/32401",
    "Riverview/FL/33579",   "Oklahoma City/OK/73115", "Edmond/OK/73034",
    "Moore/OK/73160",       "Oakland/CA/94603",       "Berkeley/CA/94702",
    "Hayward/CA/94541",     "Castro Valley/CA/94546", "Annapolis/MD/21401",
    "Glen Burnie/MD/21061", "Pasadena/MD/21122",      "Holyoke/MA/01040",
    "Somerville/MA/02143",  "South Hadley/MA/01075",  "Ashland/MA/01721",
    "Belvidere/VT/05442",   "Colchester/VT/05446",    "/VT/05443"};  // The source knows no city there.

struct Branch {
  std::string_view location;
  std::string_view establish_date;
  std::string_view grade;
};
// The first five are there from the start; the others open later.
inline constexpr std::array<Branch, 12> kBranches = {{
    {"New York", "2017-01-15", "A"},
    {"Los Angeles", "2016-07-28", "B"},
    {"Chicago", "2015-03-10", "A"},
    {"Houston", "2016-11-05", "D"},
    {"Phoenix", "2017-09-20", "C"},
    {"Oklahoma", "2016-09-20", "A"},
    {"Seattle", "2018-02-12", "B"},
    {"Denver", "2018-06-01", "C"},
    {"Boston", "2019-04-22", "A"},
    {"Nashville", "2019-10-14", "B"},
    {"Savannah", "2020-03-30", "D"},
    {"Anchorage", "2021-05-17", "C"},
}};

// The first ten are there from the start; the others are hired later. One writes himself in small letters.
inline constexpr std::array<std::string_view, 24> kAgents = {
    "John Doe",           "Jane Smith",   "Michael Johnson", "Emily Brown",  "David Wilson", "Emma Taylor",
    "Christopher Miller", "Olivia Davis", "Daniel Martinez", "Sophia Moore", "peter stone",  "Grace Hall",
    "Henry Clark",        "Chloe Adams",  "Samuel Wright",   "Nora Baker",   "Isaac Turner", "Ella Morgan",
    "Lucas Reed",         "Hannah Price", "Owen Fisher",     "Lily Hayes",   "Caleb Warren", "Zoe Bennett"};

}  // namespace qlake::simulate
